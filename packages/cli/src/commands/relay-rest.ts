/** The pins of the board brought to rest without its service: for systemd's `ExecStopPost`, and for people. */
import { restLines } from '@daisee/relay';
import { Command } from 'commander';
import { channels } from '../options.ts';
import { ownPins } from '../parts/relay-driver.ts';
import { readSettings } from '../settings/read.ts';
import { boardOptions } from '../settings/translate.ts';
import { action, type CommonOptions } from './run.ts';

interface RestOptions extends CommonOptions {
  readonly config?: string;
  readonly pins?: number[];
  readonly own?: number[];
  readonly activeLow?: boolean;
}

/** How long a process that is being killed may still hold the pins, in ms. */
const WAIT = 1500;

export const relayRestCommand = (): Command =>
  new Command('rest')
    .description('Bring the GPIO pins of a board to rest, when its service is gone.')
    .option('-c, --config <file>', 'take the pins from the settings (relay, node.channel)')
    .option('--pins <list>', 'BCM pins by channel (default 17,18,27,22)', channels)
    .option(
      '--own <channels>',
      'contacts of own sources, which close last (default as the board itself)',
      channels,
    )
    .option('--active-low', 'relays are on while their pin is low')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee relay rest --pins 17,18,27,22 --own 0,1')
    .action(
      action<RestOptions>(async (options, output) => {
        const { config } = options;
        // Pins are brought to rest whoever may read the passwords beside them.
        const board = config ? boardOptions(readSettings(config, { open: true }), config) : undefined;
        if (board && board.driver !== 'gpio') {
          output.result('This board has no pins; its devices go to rest by their own leases.', {
            type: 'rested',
            pins: [],
          });
          return;
        }
        const pins = options.pins ?? board?.pins;
        const activeLow = options.activeLow ?? board?.activeLow;
        const own =
          options.own ??
          ownPins(
            {
              driver: 'gpio',
              ...(pins ? { pins } : {}),
              ...(board?.devices ? { devices: board.devices } : {}),
            },
            board?.wiring,
          );
        const before = await restLines({
          wait: WAIT,
          own,
          ...(pins ? { pins } : {}),
          ...(board?.chip === undefined ? {} : { chip: board.chip }),
          ...(activeLow === undefined ? {} : { activeLow }),
          ...(board?.breakTime === undefined ? {} : { breakTime: board.breakTime }),
        });
        const on = before.flatMap((was, channel) => (was ? [channel] : []));
        output.result(
          on.length === 0 ? 'The board was at rest.' : `At rest; channel ${on.join(', ')} was on.`,
          { type: 'rested', wasOn: on },
        );
      }),
    );
