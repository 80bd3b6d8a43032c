// Lints the Solidity with solhint's recommended rules, any finding being a fault, less those that disagree with
// what this room does on purpose.
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { room } from './forge.ts';

/** The part of solhint that is used: it comes without types. */
interface Solhint {
  processStr(
    source: string,
    config: object,
    file: string,
  ): { readonly reports: readonly { line: number; column: number; message: string; ruleId: string }[] };
}
const solhint = createRequire(import.meta.url)('solhint') as Solhint;

const everywhere = {
  'compiler-version': ['error', '0.8.37'],
  // Constructors have had no visibility since Solidity 0.7.
  'func-visibility': ['error', { ignoreConstructors: true }],
  'immutable-vars-naming': ['error', { immutablesAsConstants: false }],
  // npm says where OpenZeppelin is, by a remapping that solhint does not know.
  'import-path-check': 'off',
  // It asks for an author, and for a tag where one sentence names every parameter.
  'use-natspec': 'off',
  // Amounts are summed, not searched for: a topic each would cost 375 gas a report for nothing.
  'gas-indexed-events': 'off',
  // What it takes for badly packed is one slot exactly: it does not know how long an enum is.
  'gas-struct-packing': 'off',
  // Of a constant that the compiler hashes, and of a comparison that costs 3 gas.
  'gas-small-strings': 'off',
  'gas-strict-inequalities': 'off',
};
/** Tests are named by sentences, call what must fail, look like others' contracts, and pay no gas. */
const inTests = {
  ...everywhere,
  'func-name-mixedcase': 'off',
  'avoid-low-level-calls': 'off',
  'no-empty-blocks': 'off',
  'no-inline-assembly': 'off',
  'one-contract-per-file': 'off',
  'interface-starts-with-i': 'off',
  'gas-increment-by-one': 'off',
  'immutable-vars-naming': 'off',
  // `vm` and `IS_TEST` are forge's names.
  'const-name-snakecase': 'off',
};

let findings = 0;
const files = globSync(['src/**/*.sol', 'test/**/*.sol'], { cwd: room }).toSorted();
for (const file of files) {
  const rules = file.startsWith('src') ? everywhere : inTests;
  const { reports } = solhint.processStr(
    readFileSync(join(room, file), 'utf8'),
    { extends: 'solhint:recommended', rules },
    file,
  );
  findings += reports.length;
  for (const { line, column, message, ruleId } of reports)
    console.error(`contracts/${file}:${line}:${column} ${message} (${ruleId})`);
}
if (findings === 0) console.log(`solhint finds nothing in ${files.length} files`);
else process.exitCode = 1;
