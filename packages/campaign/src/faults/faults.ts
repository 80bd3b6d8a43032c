/** Everything that a campaign can do to the lab. */
import type { Fault } from '../doors.ts';
import { absenceFaults } from './absence.ts';
import { chainFaults } from './chain.ts';
import { connectionFaults } from './connections.ts';
import { instantFaults } from './instants.ts';
import { machineFaults } from './machine.ts';
import { marketFaults } from './market.ts';
import { measurementFaults } from './measurements.ts';
import { processFaults } from './processes.ts';
import { relayFaults } from './relay.ts';
import { reorganisationFaults } from './reorganisation.ts';
import { transactionFaults } from './transactions.ts';

export const allFaults: readonly Fault[] = [
  ...processFaults,
  ...absenceFaults,
  ...instantFaults,
  ...connectionFaults,
  ...chainFaults,
  ...reorganisationFaults,
  ...transactionFaults,
  ...measurementFaults,
  ...relayFaults,
  ...machineFaults,
  ...marketFaults,
];
