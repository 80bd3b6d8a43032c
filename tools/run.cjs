// "node tools/run.cjs FILE …" runs a file of this project on the Node that it needs, whatever Node npm found (CommonJS,
// old syntax on purpose). It looks at the machine first: "npm install" runs no script, not even one of ours.
'use strict';
require('./machine.cjs');
var words = process.argv.slice(2);
// node:sqlite is "experimental" in Node 24, and says so at each start.
var flags = ['--disable-warning=ExperimentalWarning'];
if (Number(process.versions.node.split('.')[0]) < 24) {
  if (!require('../packages/cli/bin/pinned-node.cjs')(flags.concat(words))) {
    console.error(
      'Node ' +
        process.versions.node +
        ' is too old, and the pinned one is not installed: run "npm install" first.',
    );
    process.exit(1);
  }
} else process.execve(process.execPath, [process.execPath].concat(flags, words), process.env);
