import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { DaiseeError } from '@daisee/units';

/** This machine has no embedded chain. */
export class NoEmbeddedChain extends DaiseeError {
  constructor(machine: string, wanted: string) {
    super({
      code: 'chain.anvil.missing',
      message: `The embedded chain is not installed for this machine (${machine}): expected the package ${wanted}. Run "npm install" again, or set contracts.node to a chain that runs elsewhere.`,
      retryable: false,
      values: { machine, wanted },
    });
  }
}

const CPU: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The path of anvil in its package for this machine. The `anvil` command of npm is a wrapper that wants an install
 * script to have run; the binary itself does not.
 * @throws NoEmbeddedChain
 */
export const anvilBinary = (platform: string = process.platform, arch: string = process.arch): string => {
  const name = `@foundry-rs/anvil-${platform}-${CPU[arch] ?? arch}`;
  const require = createRequire(import.meta.url);
  // npm puts optional packages beside their parent or under it.
  const from = [require, createRequire(require.resolve('@foundry-rs/anvil/package.json'))];
  for (const resolver of from) {
    try {
      const path = resolver.resolve(`${name}/bin/anvil`);
      if (existsSync(path)) return path;
    } catch (error) {
      // Not resolvable from here: the next place, then the error below.
      void error;
    }
  }
  throw new NoEmbeddedChain(`${platform} ${arch}`, name);
};
