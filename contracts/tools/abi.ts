// Writes what packages/chain knows of the contracts: their ABIs and creation bytecodes, as TypeScript constants.
// With --check it compares the committed file with a fresh build instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Artifact, artifact, forge, room } from './forge.ts';

const target = join(room, '..', 'packages', 'chain', 'src', 'generated', 'contracts.ts');

/** A JSON value as TypeScript; Solidity's `internalType` says nothing that a client needs. */
function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).filter(([key]) => key !== 'internalType');
  return `{ ${fields.map(([key, field]) => `${key}: ${literal(field)}`).join(', ')} }`;
}

function abi(name: string, entries: Artifact['abi']): string {
  return `export const ${name} = [\n${entries.map((entry) => `  ${literal(entry)},\n`).join('')}] as const;\n`;
}

/** The errors of `other` that `own` lacks: they come through whole when one contract calls the other. */
function errorsPassedOn(own: Artifact, other: Artifact): Artifact['abi'] {
  const known = new Set(own.abi.map(({ type, name }) => `${type} ${name}`));
  return other.abi.filter(({ type, name }) => type === 'error' && !known.has(`${type} ${name}`));
}

function generate(): string {
  const daisee = artifact('Daisee');
  const coin = artifact('DaiseeCoin');
  return [
    '// Generated from contracts/src by `npm run abi -w @daisee/contracts`. Do not edit.\n',
    '// Each ABI also lists the errors of the other contract, which pass through when one calls the other.\n\n',
    abi('daiseeAbi', [...daisee.abi, ...errorsPassedOn(daisee, coin)]),
    '\n',
    abi('daiseeCoinAbi', [...coin.abi, ...errorsPassedOn(coin, daisee)]),
    `\n/** Creation code of Daisee; constructor (address coin, address admin). */\n`,
    `export const daiseeBytecode: \`0x\${string}\` = '${daisee.bytecode.object}';\n`,
    `\n/** Creation code of DaiseeCoin; constructor (address admin). */\n`,
    `export const daiseeCoinBytecode: \`0x\${string}\` = '${coin.bytecode.object}';\n`,
  ].join('');
}

function committed(): string {
  try {
    return readFileSync(target, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw cause;
  }
}

const where = relative(join(room, '..'), target);
if (forge(['build', 'src'], true) !== 0) {
  process.exitCode = 1;
} else if (!process.argv.includes('--check')) {
  writeFileSync(target, generate());
  console.log(`${where} written`);
} else if (committed() === generate()) {
  console.log(`${where} is what the contracts say`);
} else {
  console.error(`${where} differs from the contracts: run "npm run abi -w @daisee/contracts" and commit it`);
  process.exitCode = 1;
}
