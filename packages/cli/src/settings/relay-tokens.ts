/**
 * Tokens of a relay's HTTP in a file: a line for each with its name, its scopes and the hash of its secret, which is
 * shown once, when it is made. `agent read,switch sha256:…`
 */
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type BearerToken, hashOf, newSecret, RELAY_SCOPES } from '@daisee/relay';
import { DaiseeError, messageOf } from '@daisee/units';
import { inForce } from './in-force.ts';
import { expectClosed } from './secrets.ts';

/** A file of tokens that cannot be used. */
class TokenFileWrong extends DaiseeError {
  constructor(file: string, problem: string, cause?: unknown) {
    super({
      code: 'cli.tokenFile',
      message: `The file of relay tokens, ${file}, ${problem}. "daisee relay token --file ${file} --name NAME" adds one.`,
      retryable: false,
      values: { file },
      cause,
    });
  }
}

const LINE = /^(\S+) (\S+) sha256:([0-9a-f]{64})$/;

/** @throws TokenFileWrong; SecretFileOpen: who may write to it could let itself in */
export const tokensFrom = (file: string): readonly BearerToken[] => {
  const { tokens, wrong } = linesFrom(file);
  if (wrong) throw wrong;
  return tokens;
};

/**
 * The tokens of a file as it is whenever they are asked: one whose line is gone opens nothing any more, nor does any of a
 * file that is gone. Of a file with a line that is no token the others count.
 * @throws TokenFileWrong, SecretFileOpen at the start; `tell` hears of them later
 */
export const tokensInForce = (file: string, tell: (text: string) => void): (() => readonly BearerToken[]) => {
  tokensFrom(file);
  return inForce(
    file,
    (from) => {
      if (!existsSync(from)) return [];
      const { tokens, wrong } = linesFrom(from);
      if (wrong) tell(wrong.message);
      return tokens;
    },
    tell,
  );
};

const linesFrom = (
  file: string,
): { readonly tokens: readonly BearerToken[]; readonly wrong: TokenFileWrong | undefined } => {
  expectClosed(file, 'tokens');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new TokenFileWrong(file, `cannot be read (${messageOf(error)})`, error);
  }
  const tokens: BearerToken[] = [];
  let wrong: TokenFileWrong | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name = '', scopes = '', hash] = LINE.exec(line.trim()) ?? [];
    const named = scopes.split(',');
    if (hash === undefined || named.some((scope) => !(RELAY_SCOPES as readonly string[]).includes(scope)))
      wrong ??= new TokenFileWrong(
        file,
        `has no token in line ${index + 1}: expected a name, scopes of ${RELAY_SCOPES.join(',')} and sha256:HASH`,
      );
    else tokens.push({ name, scopes: named, hash });
  }
  return { tokens, wrong };
};

/** The token of `relay.token`, which both sides know: it may do everything. */
export const agentToken = (secret: string): BearerToken => ({
  name: 'agent',
  scopes: RELAY_SCOPES,
  hash: hashOf(secret),
});

/**
 * Takes a token out of the file; a relay that runs serves it no more within a second.
 * @returns how many there were of that name @throws TokenFileWrong
 */
export const removeToken = (file: string, name: string): number => {
  const known = tokensFrom(file).filter((token) => token.name === name).length;
  if (known === 0) return 0;
  const left = readFileSync(file, 'utf8')
    .split(/(?<=\n)/)
    .filter((line) => !line.startsWith(`${name} `));
  try {
    // Beside it and renamed, so that nobody reads half of it.
    writeFileSync(`${file}.new`, left.join(''), { mode: 0o600, flush: true });
    const { uid, gid, mode } = statSync(file);
    chmodSync(`${file}.new`, mode & 0o777);
    if (process.getuid?.() === 0) chownSync(`${file}.new`, uid, gid);
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new TokenFileWrong(file, `cannot be written (${messageOf(error)})`, error);
  }
  return known;
};

/** Adds a token to the file, made when it is not there. Returns its secret. @throws TokenFileWrong */
export const addToken = (file: string, name: string, scopes: readonly string[]): string => {
  const secret = newSecret();
  try {
    appendFileSync(file, `${name} ${scopes.join(',')} sha256:${hashOf(secret)}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (error) {
    throw new TokenFileWrong(file, `cannot be written (${messageOf(error)})`, error);
  }
  return secret;
};
