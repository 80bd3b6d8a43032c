const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** Whether only this machine reaches what listens on that host, a name or an address. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
