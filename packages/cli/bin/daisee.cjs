#!/usr/bin/env node
// Old syntax on purpose: this file must be readable by any Node, to say which one is needed.
'use strict';
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    'DAISEE needs Node 24 or newer and this is ' +
      process.versions.node +
      '; start it with "npx daisee" in the clone, which brings its own Node (after "npm install").',
  );
  process.exit(1);
}
// It runs for months on small machines.
if (process.argv[2] === 'monitor') require('./lean.cjs')(__filename, process.argv.slice(2));
// What was compiled once is kept beside the system's other temporary files: a quicker start and some 25 MB less memory.
require('node:module').enableCompileCache();
import('../src/main.ts').then(
  function (cli) {
    return cli.main(process.argv);
  },
  function (error) {
    console.error(
      'DAISEE cannot start: ' + (error && error.message) + '. Run "npm install" in the clone first.',
    );
    process.exit(1);
  },
);
