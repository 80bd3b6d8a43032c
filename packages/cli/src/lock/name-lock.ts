/**
 * A name that one process of this machine can have, whatever its user and folders: an abstract socket on Linux (unix(7)),
 * which is gone with its process. Elsewhere a locked file in the folder for temporary files, one for each user.
 */
import { createHash } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Holder, type Lock, lockFile, parseHolder } from './file-lock.ts';

/** How long the holder may take to say who it is, real ms. */
const ANSWER = 1000;
/** Longest answer that is read. */
const MOST = 4096;

const askHolder = (path: string): Promise<Holder | undefined> =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect({ path });
    const done = (): void => {
      socket.destroy();
      resolve(parseHolder(text));
    };
    socket.setTimeout(ANSWER, done);
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
      if (text.length > MOST) done();
    });
    socket.once('error', done);
    socket.once('close', done);
  });

const bind = (server: Server, path: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ path }, () => resolve(true));
  });

/**
 * Takes a name.
 * @param name any text; what is asked for is a hash of it
 * @returns the lock, or who holds it
 */
export const lockName = async (
  name: string,
  now: number,
): Promise<Lock | { readonly holder: Holder | undefined }> => {
  const short = createHash('sha256').update(name).digest('hex').slice(0, 32);
  if (process.platform !== 'linux') return lockFile(join(tmpdir(), `daisee-${short}.lock`), now);
  const path = `\0daisee-${short}`;
  let said: Record<string, string | number | undefined> = { pid: process.pid, since: now };
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`${JSON.stringify(said)}\n`);
  });
  if (!(await bind(server, path))) return { holder: await askHolder(path) };
  // It holds no process that has nothing else to do.
  server.unref();
  return {
    tell: (more) => {
      said = { ...said, ...more };
    },
    release: () => void server.close(),
  };
};
