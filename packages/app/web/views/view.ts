import type { Identity, Session } from '../../src/api.ts';

/** What every place is given. */
export interface ViewProps {
  readonly identity: Identity;
  readonly session: Session;
  readonly onLogin: () => void;
}
