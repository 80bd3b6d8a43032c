const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** Whether only this machine reaches what listens on that host, a name or an address. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/**
 * Whether a request asks this machine by a name that is always its own. A page in its browser whose name was made to
 * point here (DNS rebinding) says its own name in `Host`.
 * @param host the header, with its port
 */
export const asksLoopback = (host: string | undefined): boolean =>
  isLoopback((host ?? '').replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1'));
