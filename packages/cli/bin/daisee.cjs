#!/usr/bin/env node
// Old syntax on purpose: this file must be readable by any Node, to go on with the one that is needed.
'use strict';
function start() {
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
}
if (Number(process.versions.node.split('.')[0]) >= 24) start();
else if (!require('./pinned-node.cjs')([__filename].concat(process.argv.slice(2)))) {
  console.error(
    'DAISEE needs Node 24 or newer and this is ' +
      process.versions.node +
      '. Run "npm install" in the clone: on 64-bit Linux it brings one; elsewhere install Node 24 first.',
  );
  process.exit(1);
}
