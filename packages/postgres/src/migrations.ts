import type { Ask } from './database.ts';

export interface Steps {
  /** The table with a row for each step taken. */
  readonly table: string;
  /** Step n brings schema n - 1 to n. */
  readonly steps: readonly string[];
  /** The schema that is there; 0 for none. */
  readonly version: number;
}

/** Takes the steps that were not taken yet; within a transaction that lets one monitor do so at a time. */
export const takeSteps = async (inside: Ask, { table, steps, version }: Steps): Promise<void> => {
  if (version === 0)
    await inside({
      text: `CREATE TABLE ${table} (version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())`,
    });
  for (const [i, text] of steps.entries()) {
    if (i < version) continue;
    await inside({ text });
    await inside({ text: `INSERT INTO ${table} (version) VALUES ($1)`, values: [i + 1] });
  }
};
