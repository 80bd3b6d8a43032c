/** Which checks the settings call for. */
import type { Clock } from '@daisee/units';
import { namedPaths, pinsOf, SETTINGS_FILE } from '../install/plan.ts';
import { writtenFolders } from '../settings/card.ts';
import { agentDirectory, chainDirectory, monitorDirectory } from '../settings/places.ts';
import type { Settings } from '../settings/schema.ts';
import { relayDirectory } from '../settings/translate.ts';
import { boardChecks } from './board.ts';
import { cardCheck } from './card.ts';
import type { Check } from './check.ts';
import { chainCheck, monitorCheck, relayCheck } from './connections.ts';
import { databaseCheck } from './database.ts';
import { deviceChecks } from './devices.ts';
import { booksCheck, keyCheck, secretFileCheck, settingsCheck } from './files.ts';
import { installedChecks } from './installed.ts';
import { clockCheck, directoryCheck, memoryCheck, programCheck } from './machine.ts';
import { meterChecks } from './meters.ts';

export interface ChecksOptions {
  readonly settings: Settings;
  readonly file: string;
  readonly clock: Clock;
}

/** The checks in the order in which they are told; the first is the settings'. */
export const checksOf = ({ settings, file, clock }: ChecksOptions): readonly Check[] => {
  const { contracts, node, monitor, relay, chain } = settings;
  const pins = pinsOf(settings);
  const secrets = namedPaths(settings).filter(({ key }) => key.endsWith('File'));
  return [
    settingsCheck(file),
    programCheck(),
    clockCheck(clock),
    memoryCheck(),
    ...secrets.map(({ key, path }) => secretFileCheck(key, path)),
    ...(node ? [directoryCheck('disk', 'books', agentDirectory(node))] : []),
    ...(monitor && monitor.database === undefined
      ? [directoryCheck('disk', 'samples', monitorDirectory(monitor))]
      : []),
    ...(monitor?.database === undefined ? [] : [databaseCheck(monitor.database, monitor)]),
    ...(chain ? [directoryCheck('disk', 'chain', chainDirectory(chain))] : []),
    ...(relay?.serve
      ? [directoryCheck('disk', 'counts and history of the board', relayDirectory(relay))]
      : []),
    ...(node ? [cardCheck(node, writtenFolders(node, settings))] : []),
    ...(node ? [keyCheck(settings), booksCheck(settings)] : []),
    ...(contracts ? [chainCheck(contracts, settings, clock)] : []),
    ...meterChecks(settings, clock),
    ...(node ? [monitorCheck(node, settings, clock)] : []),
    ...(pins ? boardChecks(pins, file === SETTINGS_FILE) : []),
    ...deviceChecks(settings),
    ...(relay ? [relayCheck(settings)] : []),
    ...installedChecks(settings, file),
  ];
};
