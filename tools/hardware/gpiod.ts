/** libgpiod's command-line tools in both of their languages: 1.6 of Debian 12 and 2.x of Debian 13. */
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyOf, NotHere, once, packages, run, say } from './cache.ts';
import { trixie } from './lists.ts';

const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** Starts each tool of a folder with libraries of its own, and where it needs a newer C library with that one's loader. */
const startedBy = (folder: string, loader?: string): string => {
  const script = (tool: string): string => {
    const program = join(folder, 'usr/bin', tool);
    const libraries = join(folder, LIBRARIES);
    return loader
      ? `#!/bin/sh\nexec "${loader}" --library-path "${libraries}" "${program}" "$@"\n`
      : `#!/bin/sh\nLD_LIBRARY_PATH="${libraries}" exec "${program}" "$@"\n`;
  };
  return once(`gpiod-${keyOf(folder, script('tool'))}`, (bin) => {
    for (const tool of readdirSync(join(folder, 'usr/bin'))) {
      writeFileSync(join(bin, tool), script(tool));
      chmodSync(join(bin, tool), 0o755);
    }
    run(join(bin, 'gpioset'), ['--version']);
  });
};

export interface Gpiod {
  /** What to put before the others in PATH. */
  readonly v1: string;
  /** Missing where the mirror has no Debian 13, which is said. */
  readonly v2?: string;
}

export const gpiod = (): Gpiod => {
  const v1 = startedBy(packages('gpiod', ['gpiod', 'libgpiod2']));
  try {
    const folder = packages('gpiod-trixie', ['gpiod', 'libgpiod3', 'libc6'], trixie());
    const loader = join(folder, 'usr/lib64/ld-linux-x86-64.so.2');
    return { v1, v2: startedBy(folder, loader) };
  } catch (error) {
    if (!(error instanceof NotHere)) throw error;
    say(`libgpiod 2.x of Debian 13 cannot be had, and is left out: ${error.message}`);
    return { v1 };
  }
};
