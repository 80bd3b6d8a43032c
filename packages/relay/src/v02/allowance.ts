/** Which addresses may talk to the relay: single addresses and networks, IPv4 and IPv6. */
import { BlockList, isIP, isIPv4 } from 'node:net';
import { DaiseeError } from '@daisee/units';

/** Thrown for an entry of the allow list that is neither an address nor a network. */
export class InvalidAllowance extends DaiseeError {
  constructor(entry: string) {
    super({
      code: 'relay.invalid-allowance',
      message: `The relay cannot allow ${JSON.stringify(entry)}: expected an IP address like 192.168.0.12, or a network like 192.168.0.0/24.`,
      retryable: false,
      values: { entry },
    });
  }
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An address without its zone (`fe80::1%eth0`), and as IPv4 where it is one mapped into IPv6 (RFC 4291, 2.5.5.2). */
export const plainAddress = (address: string): string => {
  const [bare = ''] = address.split('%');
  return MAPPED.exec(bare)?.[1] ?? bare;
};

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6');

/**
 * A check of addresses against the list.
 * @throws InvalidAllowance
 */
export const createAllowance = (entries: readonly string[]): ((address: string) => boolean) => {
  const list = new BlockList();
  for (const entry of entries) {
    const [network = '', bits, ...more] = entry.trim().split('/');
    const address = plainAddress(network);
    if (isIP(address) === 0 || more.length > 0) throw new InvalidAllowance(entry);
    const family = familyOf(address);
    if (bits === undefined) {
      list.addAddress(address, family);
      continue;
    }
    // A mapped network counts its 96 leading bits as well.
    const prefix = Number(bits) - (MAPPED.test(network) ? 96 : 0);
    if (!/^\d{1,3}$/.test(bits) || prefix < 0 || prefix > (family === 'ipv4' ? 32 : 128))
      throw new InvalidAllowance(entry);
    list.addSubnet(address, prefix, family);
  }
  return (address) => {
    const plain = plainAddress(address);
    return isIP(plain) !== 0 && list.check(plain, familyOf(plain));
  };
};
