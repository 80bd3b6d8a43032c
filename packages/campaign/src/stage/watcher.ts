/**
 * A process beside the campaign that reads from our pipe: the pipe closes however we end, SIGKILL included, and then it
 * kills every process group of the lab that it was told of.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** `+PID` remembers a group, `-PID` forgets it, the end of the input kills those that are left. */
const SCRIPT = `groups=""
while read -r line; do
  case "$line" in
    +*) groups="$groups \${line#+}" ;;
    -*) left=""; for one in $groups; do [ "$one" = "\${line#-}" ] || left="$left $one"; done; groups="$left" ;;
  esac
done
for one in $groups; do kill -9 "-$one" 2>/dev/null; done`;

export interface Watcher {
  watch(group: number): void;
  forget(group: number): void;
  /** Ends it; what it still watches is killed. */
  close(): Promise<void>;
}

export const startWatcher = (): Watcher => {
  // Its own session: Ctrl-C in the terminal must not end it before us.
  const child: ChildProcess = spawn('/bin/sh', ['-c', SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  // A watcher that is gone cannot be told anything.
  child.stdin?.on('error', () => child.stdin?.destroy());
  const tell = (line: string): void => void child.stdin?.write(`${line}\n`);
  return {
    watch: (group) => tell(`+${group}`),
    forget: (group) => tell(`-${group}`),
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    },
  };
};
