import { fileURLToPath } from 'node:url';
import { HEADER_LABELS } from '../drivers/gpio/chip.ts';
import { DEFAULT_PINS } from '../drivers/gpio/lines.ts';
import { DEFAULT_BREAK, type RestPins } from '../drivers/gpio/rest.ts';

/** How long the command waits for pins that a dying process still holds, ms. */
const WAIT = 5000;

/**
 * The command line that brings these pins to rest, for whoever outlives the service and its guards: `ExecStartPre=` and
 * `ExecStopPost=` of a systemd unit. Where libgpiod's tools are installed it takes some milliseconds (and the break),
 * else a start of Node.
 * @param node how Node is started.
 */
export const restCommand = (
  pins: RestPins,
  node: readonly string[] = [process.execPath],
): readonly string[] => {
  const { chip, activeLow = false, own = [], breakTime = DEFAULT_BREAK } = pins;
  const byChannel = [...(pins.pins ?? DEFAULT_PINS)];
  const listed = (isWanted: (channel: number) => boolean): string =>
    byChannel.filter((_, channel) => isWanted(channel)).join(' ') || '-';
  return [
    '/bin/sh',
    fileURLToPath(new URL('./rest.sh', import.meta.url)),
    `|${chip ?? HEADER_LABELS.join('|')}|`,
    activeLow ? '-l' : '-',
    String(breakTime / 1000),
    listed((channel) => !own.includes(channel)),
    listed((channel) => own.includes(channel)),
    ...node,
    fileURLToPath(new URL('./rest.ts', import.meta.url)),
    JSON.stringify({ ...pins, wait: WAIT }),
  ];
};
