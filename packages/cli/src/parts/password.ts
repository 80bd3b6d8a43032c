import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from '../options.ts';

/** Asks for a password on the terminal without showing it. @throws UsageError where there is no terminal */
export const askPassword = (question: string): Promise<string> => {
  if (!process.stdin.isTTY)
    throw new UsageError(
      'There is no terminal to ask for the password: give --password-file or DAISEE_ACCOUNTPSWD.',
    );
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve, reject) => {
    reader.once('SIGINT', () => {
      reader.close();
      reject(new UsageError('Stopped.'));
    });
    reader.question('', (answer) => {
      reader.close();
      process.stderr.write('\n');
      resolve(answer);
    });
  });
};
