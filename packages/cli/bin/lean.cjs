// Old syntax on purpose, as in daisee.cjs.
'use strict';
/**
 * How the monitor's process is set up for a small machine. Without it the system's malloc keeps what lists of samples
 * took, and V8 lets garbage grow to several times what is in use: 300 MB instead of some 120, and at most 145, in the benchmark.
 */
var FLAGS = ['--max-semi-space-size=2', '--heap-growing-percent=30', '--v8-pool-size=2'];
// Those that older versions may not know, which would not start with them: V8 gives back what it freed at once (20 MB),
// and compiles in one way less, whose tables stay (10 MB).
var FLAGS_OF_26 = ['--memory-saver-mode', '--no-memory-pool', '--no-maglev'];
// mallopt(3): one arena for all threads; what is larger goes back to the system when it is freed.
var ENVIRONMENT = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072' };

/** Begins this process anew with both, under the same number; nothing happens where it has them or cannot. */
module.exports = function (script, words) {
  // Whoever gave flags of the same kind, or talks to this process over a channel, gets what it asked for.
  if (typeof process.execve !== 'function' || process.channel) return;
  if (/--(max-semi-space-size|heap-growing-percent|v8-pool-size)/.test(process.execArgv.join(' '))) return;
  var known = Number(process.versions.node.split('.')[0]) >= 26 ? FLAGS.concat(FLAGS_OF_26) : FLAGS;
  process.execve(
    process.execPath,
    [process.execPath].concat(known, process.execArgv, script, words),
    Object.assign({}, ENVIRONMENT, process.env),
  );
};
