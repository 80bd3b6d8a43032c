// Runs before "npm start", "npm test" and the other scripts under whatever Node the machine has (CommonJS, old syntax on
// purpose): says in one line why a machine cannot be served, instead of failing later in a stranger's stack trace.
'use strict';
var major = Number(process.versions.node.split('.')[0]);
var platform = process.platform + '-' + process.arch;
var pinned = platform === 'linux-x64' || platform === 'linux-arm64';
// Its list of network interfaces can take seconds.
if (process.report) process.report.excludeNetwork = true;
var report = process.report && process.report.getReport ? process.report.getReport() : null;
var glibc =
  platform.indexOf('linux') !== 0 || Boolean(report && report.header && report.header.glibcVersionRuntime);
var anvil = pinned || platform === 'darwin-arm64' || platform === 'darwin-x64';
function refuse(why) {
  console.error('DAISEE cannot run here: ' + why);
  process.exit(1);
}
if (!anvil)
  refuse(
    'this is ' +
      platform +
      '; it needs 64-bit Linux (x64 or arm64: a Raspberry Pi needs the 64-bit system) or macOS.',
  );
if (!glibc)
  refuse(
    'this Linux has no glibc (Alpine?), which the embedded chain needs; use Debian, Ubuntu, Fedora or Raspberry Pi OS.',
  );
if (!pinned && major < 24)
  refuse('Node ' + process.versions.node + ' is too old on ' + platform + '; install Node 24 or newer.');
if (pinned && major < 20)
  refuse('Node ' + process.versions.node + ' is too old to start the pinned one; install Node 20 or newer.');
