import type { Address } from '@daisee/chain';
import { DaiseeError, formatMicro, type Register } from '@daisee/units';

/** The ledger shows a higher register than this agent's file: one of the two is not of this agent's own history. */
export class RegisterBehind extends DaiseeError {
  constructor(what: string, origin: Address | undefined, ours: Register, ledgers: Register, file: string) {
    super({
      code: 'agent.register-behind',
      message: `The ledger shows ${formatMicro(ledgers)} Wh ${what}, and ${file} only ${formatMicro(ours)} Wh. If another agent reports for this account, stop one of the two. If the file was lost and restored from a copy, move it away: the agent then goes on from the ledger's register.`,
      retryable: false,
      values: { origin, ours, ledgers, file },
    });
  }
}
