/** Files of the field, from the folder that DAISEE_GOLDEN names; they belong to others and are not in the project. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const goldenFolder = process.env['DAISEE_GOLDEN'];

export const golden = (name: string): Buffer => readFileSync(join(goldenFolder ?? '', name));
