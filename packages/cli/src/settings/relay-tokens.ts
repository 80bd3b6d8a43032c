/**
 * Tokens of a relay's HTTP in a file: a line for each with its name, its scopes and the hash of its secret, which is
 * shown once, when it is made. `agent read,switch sha256:…`
 */
import { appendFileSync, chmodSync, readFileSync } from 'node:fs';
import { type BearerToken, hashOf, newSecret, RELAY_SCOPES } from '@daisee/relay';
import { DaiseeError, messageOf } from '@daisee/units';
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
  expectClosed(file, 'tokens');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new TokenFileWrong(file, `cannot be read (${messageOf(error)})`, error);
  }
  const tokens: BearerToken[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name = '', scopes = '', hash] = LINE.exec(line.trim()) ?? [];
    const named = scopes.split(',');
    if (hash === undefined || named.some((scope) => !(RELAY_SCOPES as readonly string[]).includes(scope)))
      throw new TokenFileWrong(
        file,
        `has no token in line ${index + 1}: expected a name, scopes of ${RELAY_SCOPES.join(',')} and sha256:HASH`,
      );
    tokens.push({ name, scopes: named, hash });
  }
  return tokens;
};

/** The token of `relay.token`, which both sides know: it may do everything. */
export const agentToken = (secret: string): BearerToken => ({
  name: 'agent',
  scopes: RELAY_SCOPES,
  hash: hashOf(secret),
});

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
