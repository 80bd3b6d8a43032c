/**
 * HTTP digest authentication (RFC 7616) as Shelly's second generation asks for it: algorithm SHA-256, quality of
 * protection "auth", user "admin" (Shelly's API documentation, "Authentication").
 */
import { createHash } from 'node:crypto';

/** What the server wants proven, from its `WWW-Authenticate`. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque?: string;
}

export interface DigestCredentials {
  readonly user: string;
  readonly password: string;
}

export interface DigestRequest {
  readonly method: string;
  /** Path and query, as they stand in the request. */
  readonly uri: string;
  /** How often this nonce was used, this time included. */
  readonly count: number;
  /** The client's own nonce. */
  readonly clientNonce: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** Reads a challenge; undefined when it is none that can be answered here. */
export const readDigestChallenge = (header: string): DigestChallenge | undefined => {
  if (!/^digest\s/i.test(header)) return undefined;
  const fields = new Map<string, string>();
  for (const [, name = '', quoted, plain] of header.matchAll(/([a-z]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/gi))
    fields.set(name.toLowerCase(), quoted ?? plain ?? '');
  const realm = fields.get('realm');
  const nonce = fields.get('nonce');
  const opaque = fields.get('opaque');
  const offered = (fields.get('qop') ?? '').split(',').map((one) => one.trim());
  if (realm === undefined || nonce === undefined || !offered.includes('auth')) return undefined;
  if (fields.get('algorithm')?.toUpperCase() !== 'SHA-256') return undefined;
  return { realm, nonce, ...(opaque !== undefined && { opaque }) };
};

/** The `Authorization` that answers a challenge (RFC 7616, 3.4.1). */
export const digestAuthorization = (
  challenge: DigestChallenge,
  { user, password }: DigestCredentials,
  { method, uri, count, clientNonce }: DigestRequest,
): string => {
  const { realm, nonce, opaque } = challenge;
  const uses = count.toString(16).padStart(8, '0');
  const secret = sha256(`${user}:${realm}:${password}`);
  const response = sha256(`${secret}:${nonce}:${uses}:${clientNonce}:auth:${sha256(`${method}:${uri}`)}`);
  const fields = [
    `username="${user}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    'algorithm=SHA-256',
    'qop=auth',
    `nc=${uses}`,
    `cnonce="${clientNonce}"`,
    `response="${response}"`,
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
  ];
  return `Digest ${fields.join(', ')}`;
};
