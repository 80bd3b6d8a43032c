import { DaiseeError } from '@daisee/units';

/** Thrown when a process of the lab does not start, or does not end. */
export class PartFailed extends DaiseeError {
  constructor(name: string, what: string, lastLines: readonly string[]) {
    const said = lastLines.slice(-5).join(' ¶ ');
    super({
      code: 'campaign.part',
      message: `The lab's ${name} ${what}${said ? `; it said last: ${said}` : '; it said nothing'}.`,
      retryable: false,
      values: { name, what },
    });
  }
}

/** Thrown when the lab is asked for something that it does not have. */
export class StageFailed extends DaiseeError {
  constructor(what: string, remedy: string) {
    super({ code: 'campaign.stage', message: `${what}: ${remedy}`, retryable: false });
  }
}
