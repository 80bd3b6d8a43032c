import { DaiseeError } from '@daisee/units';

/** Thrown for a load or seller that the wiring does not name. */
export class UnknownLoad extends DaiseeError {
  constructor(what: 'load' | 'seller', name: string, known: readonly string[]) {
    super({
      code: `relay.unknown-${what}`,
      message: `The relay board has no ${what} ${JSON.stringify(name)}; nothing was changed. It has ${known.join(', ') || 'none'}.`,
      retryable: false,
      values: { [what]: name, known },
    });
  }
}
