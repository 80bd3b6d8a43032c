#!/usr/bin/env node
// What forge calls as its Solidity compiler: the WebAssembly solc from npm, for the two options that forge
// uses. forge puts every source into the JSON that it sends, so the paths given beside it are of no interest.
// Plain JavaScript, because forge may start it with whatever Node comes first in PATH.
import { readFileSync } from 'node:fs';
import solc from 'solc';

const options = process.argv.slice(2);

if (options.includes('--version')) {
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${solc.version().replace('.Emscripten.clang', '.Linux.g++')}\n`,
  );
} else if (options.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
} else {
  process.stderr.write('This solc answers --version and --standard-json only.\n');
  process.exitCode = 1;
}
