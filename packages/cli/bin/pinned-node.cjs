// Old syntax on purpose, as in daisee.cjs.
'use strict';
/**
 * The Node that "npm install" brings, for machines whose own is too old to run this project.
 *
 * npm 9 and 10 (those of Node 20, Node 22 and Debian 13) bring it without its link in node_modules/.bin: they take away
 * the links of packages that they skip, and the skipped one, for the other processor, has a link of the same name.
 */
var childProcess = require('node:child_process');
var fs = require('node:fs');
var path = require('node:path');

/** Its path; undefined where it is not installed. */
function find() {
  try {
    return require.resolve('node-' + process.platform + '-' + process.arch + '/bin/node');
  } catch (error) {
    void error;
    return undefined;
  }
}

/** Puts its link back, so that what npm starts from now on finds it at once, without this process in between. */
function link(node) {
  var folder = path.dirname(path.dirname(node));
  var modules = path.dirname(folder);
  if (path.basename(modules) !== 'node_modules') return;
  try {
    fs.symlinkSync(path.join('..', path.basename(folder), 'bin', 'node'), path.join(modules, '.bin', 'node'));
  } catch (error) {
    // It is there, or the folder is another user's: then each start goes through here, which works as well.
    void error;
  }
}

/**
 * Runs words (a script and its arguments) under it instead of in this process, and ends as it ends.
 * @returns false, having done nothing, where it is not installed
 */
module.exports = function (words) {
  var node = find();
  if (!node) return false;
  link(node);
  var child = childProcess.spawn(node, words, {
    stdio: 'inherit',
    env: Object.assign({}, process.env, {
      PATH: path.dirname(node) + path.delimiter + (process.env.PATH || ''),
    }),
  });
  var signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // Ctrl-C of a terminal reaches the child by itself, and a third one would end it without putting relays to rest.
  var hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  function pass(signal) {
    if (signal !== 'SIGINT' || !hasTerminal) child.kill(signal);
  }
  for (var each of signals) process.on(each, pass);
  child.on('error', function (error) {
    console.error(
      'DAISEE cannot start ' + node + ': ' + error.message + '. Run "npm install" in the clone again.',
    );
    process.exit(1);
  });
  child.on('exit', function (code, signal) {
    for (var one of signals) process.off(one, pass);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code);
  });
  return true;
};
