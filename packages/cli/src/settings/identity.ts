/** What tells this machine from others at a broker: many a Raspberry Pi is called raspberrypi. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Of systemd and D-Bus, the same for the life of an installation (machine-id(5), which asks for it to be hashed). */
const FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

const installation = (): string | undefined => {
  for (const file of FILES)
    try {
      const id = readFileSync(file, 'utf8').trim();
      if (id !== '') return id;
    } catch (error) {
      // Machines without one have their name only.
      if (!['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  return undefined;
};

/** `daisee-raspberrypi-3f9a1c`: the same after each restart. */
export const machineIdentity = (): string => {
  const id = installation();
  const mark =
    id === undefined ? '' : `-${createHash('sha256').update(`daisee ${id}`).digest('hex').slice(0, 6)}`;
  const name = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .slice(0, 48);
  return `daisee-${name}${mark}`;
};
