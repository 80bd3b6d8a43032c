/** What meters on a network report while they go on by themselves. */

export interface MeterWarning {
  /**
   * `unreachable`: cannot be connected to; `lost`: the connection went away; `refused`: login, topic or method
   * denied; `silent`: connected and no reading comes; `garbage`: a message that holds no reading; `unclear`: more
   * than one reading where one is wanted; `late`: a sample older than one already given; `overload`: more than the
   * sensor can measure.
   */
  readonly kind: 'unreachable' | 'lost' | 'refused' | 'silent' | 'garbage' | 'unclear' | 'late' | 'overload';
  /** What happened, where, and what to do, in one line. */
  readonly message: string;
  /** How often it happened (`unreachable` and `silent`: in a row). */
  readonly count: number;
}

/** The 1st, 10th, 100th… time: a fault that lasts for days must not fill a log. */
export const worthSaying = (count: number): boolean => /^10*$/.test(String(count));

/** Says warnings of one meter, counted by kind. */
export class Warner {
  readonly #meter: string;
  readonly #say: ((warning: MeterWarning) => void) | undefined;
  readonly #counts = new Map<string, number>();

  /** `meter` names the meter and where it is. */
  constructor(meter: string, say: ((warning: MeterWarning) => void) | undefined) {
    this.#meter = meter;
    this.#say = say;
  }

  /** `about` tells apart what is counted apart within a kind. */
  warn(kind: MeterWarning['kind'], message: string, about: string = kind): void {
    const count = (this.#counts.get(about) ?? 0) + 1;
    this.#counts.set(about, count);
    if (!worthSaying(count)) return;
    const times = count === 1 ? '' : ` (${count} times so far)`;
    this.#say?.({ kind, count, message: `${this.#meter}: ${message}${times}` });
  }

  /** The trouble is over: its next time is a first one. */
  over(...kinds: readonly MeterWarning['kind'][]): void {
    for (const kind of kinds) this.#counts.delete(kind);
  }
}
