/** Why the consumer does not do what would be due. */
import type { Address } from '@daisee/chain';
import { DaiseeError, type Duration, formatMicro } from '@daisee/units';
import type { AgentDecline, Freshness, Note } from './situation.ts';

/** No state of charge with the samples, and none from a gauge. */
class ChargeUnknown extends DaiseeError {
  constructor(maxGap: number, gaugeSays: string | undefined) {
    const why = gaugeSays ?? `No reading in the last ${maxGap / 1000} s.`;
    super({
      code: 'agent.charge-unknown',
      message: `The state of charge is unknown. ${why} Nothing is bought meanwhile. Check the gauge, or set fuelgauge: false.`,
      retryable: true,
      values: { maxGap },
    });
  }
}

const seconds = (time: number): string => `${Math.round(time / 100) / 10} s`;

/** The newest sample is too old to buy by. */
class MeasurementOld extends DaiseeError {
  constructor({ age, interval }: Freshness) {
    const rhythm = interval === undefined ? 'is not known yet' : `is one each ${seconds(interval)}`;
    const seen =
      age === undefined ? 'There is no measurement' : `The newest measurement is ${seconds(age)} old`;
    super({
      code: 'agent.measurement-old',
      message: `${seen}, and the meter's own rhythm ${rhythm}. Nothing is bought until it measures again. Check the meter.`,
      retryable: true,
      values: { age, interval },
    });
  }
}

/** The relay has switched as often in an hour as it may. */
class SwitchedOften extends DaiseeError {
  constructor(until: number) {
    super({
      code: 'agent.switched-often',
      message: `The relay has switched as often in an hour as it may (node.maxSwitches): the node stays on its own source until ${new Date(until).toISOString()}, and nothing is bought meanwhile.`,
      retryable: true,
      values: { until },
    });
  }
}

const meanings: Readonly<Record<AgentDecline['reason'], string>> = {
  'not-selling': 'sells nothing at present',
  'above-price-cap': 'is dearer than the price cap',
  'sold-out': 'has too little energy left to sell to be worth a switch',
  'over-budget': 'costs more than is left of the day’s budget',
  'out-of-coins': 'costs more coins than there are',
  'short-stays': 'had so little lately that going there is not worth a switch for a while',
};

const listOf = (declined: readonly AgentDecline[], nameOf: (seller: string) => string): string =>
  declined.map(({ seller, reason }) => `${nameOf(seller)} ${meanings[reason]}`).join(', ');

const codeOf = (declined: readonly AgentDecline[]): AgentDecline['reason'] | undefined => {
  const reasons = new Set(declined.map((one) => one.reason));
  const [only] = reasons;
  return reasons.size === 1 ? only : undefined;
};

const coinsFor = (account: Address, declined: readonly AgentDecline[]): string =>
  declined.some(({ reason }) => reason === 'out-of-coins')
    ? ` Give ${account} coins with "daisee token transfer" or "daisee token mint".`
    : '';

const reasonsOf = (declined: readonly AgentDecline[]) =>
  declined.map(({ seller, reason }) => ({ seller, reason }));

export interface NoteContext {
  readonly account: Address;
  readonly nameOf: (seller: string) => string;
  readonly maxGap: Duration;
  /** Why the gauge does not know the state of charge. */
  readonly gaugeSays: string | undefined;
}

/** Energy is needed, and no seller can be bought from. */
class NoPurchase extends DaiseeError {
  constructor(declined: readonly AgentDecline[], { account, nameOf }: NoteContext) {
    const list = listOf(declined, nameOf);
    super({
      code: `agent.${codeOf(declined) ?? 'no-purchase'}`,
      message: `No energy can be bought: ${list === '' ? 'every seller refused lately' : list}.${coinsFor(account, declined)}`,
      retryable: true,
      values: { declined: reasonsOf(declined) },
    });
  }
}

/** More was used of a seller than was bought, and it cannot be paid now. */
class InDebt extends DaiseeError {
  constructor({ debts, declined }: Extract<Note, { note: 'debt' }>, { account, nameOf }: NoteContext) {
    const owed = debts
      .map(({ seller, energy }) => `${formatMicro(energy)} Wh to ${nameOf(seller)}`)
      .join(', ');
    super({
      code: 'agent.debt',
      message: `It has used more than it bought and owes ${owed}. That cannot be paid now: ${listOf(declined, nameOf)}.${coinsFor(account, declined)} It is tried again; "daisee energy settle" pays it at once.`,
      retryable: true,
      values: {
        debts: debts.map(({ seller, energy }) => ({ seller, energy: formatMicro(energy) })),
        declined: reasonsOf(declined),
      },
    });
  }
}

/** A note as what people are told. */
export const noteErrors = (note: Note, context: NoteContext): DaiseeError => {
  switch (note.note) {
    case 'charge-unknown':
      return new ChargeUnknown(context.maxGap, context.gaugeSays);
    case 'measurement-old':
      return new MeasurementOld(note.measured);
    case 'switched-often':
      return new SwitchedOften(note.until);
    case 'no-purchase':
      return new NoPurchase(note.declined, context);
    default:
      return new InDebt(note, context);
  }
};
