/** The section `app`: where the node's App answers, and who may. */
import { z } from 'zod';
import { hosts, port, text, truth } from './fields.ts';

/** The App's port, unless settings name another. */
export const APP_PORT = 8000;

const served = z.strictObject({
  host: text('an address to listen on').optional(),
  port: port.optional(),
  hosts: hosts.optional(),
  password: text('a password for the App').optional(),
  passwordFile: text('a file with a password for the App').optional(),
  view: truth.optional(),
});

export const app = z.union([z.literal(false), served], {
  error: 'needs false (no App) or keys like host, port, passwordFile',
});
