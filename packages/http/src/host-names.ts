/**
 * By which names a server may be asked. A page elsewhere can have its own name point at this machine (DNS rebinding): the
 * browser then takes what is here for the page's own site and gives it every answer. But the request says that name in
 * `Host`, which no page can change.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from './loopback.ts';
import { RequestRefused } from './refused.ts';

export interface HostNamesOptions {
  /**
   * Whether everybody who reaches it may all: then it answers to loopback and `names` alone. Else also to addresses, which
   * no page's name is, and to what the machine is called in its own network.
   */
  readonly loopbackOnly: boolean;
  /** Further names: of a proxy in front of it, or its own in a public DNS. */
  readonly names?: readonly string[] | undefined;
  /** What the machine calls itself; `os.hostname()`. */
  readonly machine?: string | undefined;
  /** PEM of the server's certificate: a browser takes the answer for a name that it is made out to, and for no other. */
  readonly certificate?: string | Buffer | undefined;
}

export interface HostNames {
  /** Whether a request with that `Host` header is meant for this server. */
  readonly accepts: (host: string | undefined) => boolean;
  /** The names besides loopback and addresses. */
  readonly names: readonly string[];
}

/**
 * Endings that are given out by the home's own router or by the machine itself, where nobody elsewhere gets a name:
 * RFC 6762 (.local), RFC 8375 (.home.arpa), ICANN's resolution of 29 July 2024 (.internal); .lan and .localdomain are in
 * no public DNS, and fritz.box belongs to the maker of the routers that use it.
 */
const PRIVATE_ENDINGS = ['local', 'lan', 'home.arpa', 'internal', 'localdomain', 'fritz.box'] as const;

/** The name or address in a `Host` header (RFC 9110, 7.2), in small letters; undefined where it is none. */
const nameAsked = (host: string): string | undefined => {
  const [, address, name] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d*)?$/.exec(host.trim().toLowerCase()) ?? [];
  return address ?? name?.replace(/\.$/, '');
};

export const createHostNames = (options: HostNamesOptions): HostNames => {
  const { loopbackOnly, certificate } = options;
  const machine = (options.machine ?? hostname()).toLowerCase();
  const [label = ''] = machine.split('.');
  const own = loopbackOnly || label === '' ? [] : [label, ...PRIVATE_ENDINGS.map((end) => `${label}.${end}`)];
  const names = new Set([
    ...(options.names ?? []).map((name) => name.toLowerCase()),
    ...(loopbackOnly ? [] : [machine]),
    ...own,
  ]);
  const signed = certificate === undefined ? undefined : new X509Certificate(certificate);
  return {
    names: [...names],
    accepts: (host) => {
      // Browsers say it always; who does not is a program, of HTTP/1.0.
      if (host === undefined) return !loopbackOnly;
      const name = nameAsked(host);
      if (name === undefined) return false;
      if (isLoopback(name) || names.has(name)) return true;
      if (loopbackOnly) return false;
      return isIP(name) !== 0 || signed?.checkHost(name) !== undefined;
    },
  };
};

/** 421 (RFC 9110, 15.5.20): asked by a name that is not the server's. `setting` is where names are added. */
export const wrongName = (
  room: string,
  host: string | undefined,
  setting = `${room}.hosts`,
): RequestRefused => {
  const asked = (host ?? '').slice(0, 253);
  return new RequestRefused(
    421,
    `${room}.host`,
    `Nothing here is called ${JSON.stringify(asked)}: ask by the address of the machine, or add the name to ${setting}.`,
    { host: asked, setting },
  );
};
