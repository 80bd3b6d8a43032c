/** One colour for each source, the same in wires, chart, bars and flows. */
import type { Identity } from '../../src/api.ts';

const OWN = 'var(--own)';
const OTHERS = [1, 2, 3, 4, 5, 6].map((n) => `var(--seller-${n})`);

/** `own` or the node's own address: its own colour; sellers by their order in the settings, then by their address. */
export const colorOf = (source: string, identity: Identity): string => {
  if (source === 'own' || source === identity.address) return OWN;
  const order = Object.keys(identity.names).filter((address) => address !== identity.address);
  const place = order.indexOf(source);
  const index = place >= 0 ? place : Number.parseInt(source.slice(2, 8), 16);
  return OTHERS[index % OTHERS.length] ?? OWN;
};

/** What a canvas can paint: the value behind a custom property. */
export const painted = (color: string): string => {
  const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : color;
};
