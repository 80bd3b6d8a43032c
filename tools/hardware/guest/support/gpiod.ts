/** libgpiod's tools of Debian 12 and of Debian 13, each in its own language. */
export const GPIOD = [
  { version: '1.6', tools: process.env['hw_gpiod'] ?? '' },
  { version: '2.x', tools: process.env['hw_gpiod2'] ?? '' },
] as const;

export const NO_TOOLS = 'there is no gpiod 2.x here: the mirror of this machine has no Debian 13';
