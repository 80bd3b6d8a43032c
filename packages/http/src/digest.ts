/** HTTP digest authentication (RFC 7616) with SHA-256 and the quality of protection "auth", as a client answers it. */
import { createHash } from 'node:crypto';

/** What a server wants proven. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque?: string;
}

export interface DigestProof {
  readonly user: string;
  readonly password: string;
  readonly method: string;
  /** Path and query, as they stand in the request. */
  readonly uri: string;
  /** How often this nonce was used, this time included. */
  readonly count: number;
  /** The client's own nonce. */
  readonly clientNonce: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** Reads `WWW-Authenticate`; undefined for what cannot be answered here. */
export const readDigestChallenge = (header: string): DigestChallenge | undefined => {
  if (!/^digest\s/i.test(header)) return undefined;
  const fields = new Map<string, string>();
  for (const [, name = '', quoted, plain] of header.matchAll(/([a-z]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/gi))
    fields.set(name.toLowerCase(), quoted ?? plain ?? '');
  const realm = fields.get('realm');
  const nonce = fields.get('nonce');
  const opaque = fields.get('opaque');
  const protections = (fields.get('qop') ?? '').split(',').map((one) => one.trim());
  const isKnown = fields.get('algorithm')?.toUpperCase() === 'SHA-256' && protections.includes('auth');
  if (realm === undefined || nonce === undefined || !isKnown) return undefined;
  return { realm, nonce, ...(opaque !== undefined && { opaque }) };
};

/** The `Authorization` that answers a challenge (RFC 7616, 3.4.1). */
export const digestAuthorization = (
  { realm, nonce, opaque }: DigestChallenge,
  { user, password, method, uri, count, clientNonce }: DigestProof,
): string => {
  const uses = count.toString(16).padStart(8, '0');
  const secret = sha256(`${user}:${realm}:${password}`);
  const response = sha256(`${secret}:${nonce}:${uses}:${clientNonce}:auth:${sha256(`${method}:${uri}`)}`);
  const quoted = {
    username: user,
    realm,
    nonce,
    uri,
    cnonce: clientNonce,
    response,
    ...(opaque !== undefined && { opaque }),
  };
  const fields = Object.entries(quoted).map(([name, value]) => `${name}="${value}"`);
  return `Digest ${[...fields, 'algorithm=SHA-256', 'qop=auth', `nc=${uses}`].join(', ')}`;
};
