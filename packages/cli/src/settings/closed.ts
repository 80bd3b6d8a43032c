/** Settings that hold secrets are for nobody else, as a file with nothing but a password is. */
import { statSync } from 'node:fs';
import { isOpenToOthers, modeText } from '@daisee/units';
import { SettingsError } from './problems.ts';
import type { Settings } from './schema.ts';

/** Keys whose value is a secret; `contracts.token` is an address. */
const SECRET = /^(accountpswd|.*[pP]assword|token)$/;

const showsPassword = (text: string): boolean => URL.canParse(text) && new URL(text).password !== '';

const isIn = (value: unknown, key: string): boolean => {
  if (typeof value === 'string') return (SECRET.test(key) && value !== '') || showsPassword(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => isIn(inner, name));
};

/** Whether a password or token stands in the settings themselves, also within an address. */
export const holdsSecret = ({ contracts, ...rest }: Settings): boolean =>
  isIn(rest, '') || (contracts !== undefined && showsPassword(contracts.node));

/** Where `daisee install` puts them: root's, and the services read them as its group. */
const INSTALLED = '/etc/daisee/parameters.yml';

/**
 * That settings with secrets in them are closed to others; a file of root's may be read by its group (0640), as a
 * service is handed it.
 * @throws SettingsError with the remedy
 */
export const expectClosedSettings = (file: string, settings: Settings): void => {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile() || !holdsSecret(settings)) return;
  const isHandedOut = found.uid === 0 || file.endsWith(INSTALLED);
  const own = process.getuid?.();
  if (!isOpenToOthers(found, isHandedOut && own !== undefined ? found.uid + 1 : own)) return;
  throw new SettingsError(file, [
    `holds passwords and is open to others on this machine (mode ${modeText(found.mode)}): expected its owner alone. Close it: chmod ${file.endsWith(INSTALLED) ? 640 : 600} ${file}`,
  ]);
};
