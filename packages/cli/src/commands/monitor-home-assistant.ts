import { removeFromHomeAssistant } from '@daisee/monitor';
import { Command } from 'commander';
import { commandClock } from '../command-clock.ts';
import { UsageError } from '../options.ts';
import { homeAssistant } from '../settings/monitor.ts';
import { homeAssistantFrom } from '../settings/monitoring.ts';
import { readSettings } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { action, type CommonOptions } from './run.ts';

interface UnpublishOptions extends CommonOptions {
  readonly config?: string;
  readonly homeAssistant?: string;
  readonly homeAssistantId?: string;
  readonly mqttUser?: string;
  readonly mqttPasswordFile?: string;
}

export const unpublishCommand = (): Command =>
  new Command('unpublish')
    .description("Take this node's devices out of Home Assistant (stop its monitor before).")
    .option('-c, --config <file>', 'take homeAssistant and node.address from the settings')
    .option('--home-assistant <url>', "Home Assistant's MQTT broker")
    .option('--home-assistant-id <id>', 'what Home Assistant knows the node by (default: of this host)')
    .option('--mqtt-user <name>', 'user at the broker')
    .option('--mqtt-password-file <file>', 'file with its password (else DAISEE_MQTT_PASSWORD)')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee monitor unpublish -c parameters.yml')
    .action(
      action<UnpublishOptions>(async (options, output) => {
        const settings: Settings = options.config ? readSettings(options.config) : {};
        const { homeAssistant: url, homeAssistantId: id, mqttUser, mqttPasswordFile } = options;
        const given =
          url === undefined
            ? settings.homeAssistant
            : homeAssistant.parse({
                url,
                ...(mqttUser === undefined ? {} : { username: mqttUser }),
                ...(mqttPasswordFile === undefined ? {} : { passwordFile: mqttPasswordFile }),
              });
        if (!given)
          throw new UsageError(
            'No broker is named: give --home-assistant URL, or -c FILE with homeAssistant.url.',
          );
        const broker = homeAssistantFrom(id === undefined ? given : { ...given, id }, settings.node?.address);
        const devices = await removeFromHomeAssistant({ ...broker, clock: commandClock() });
        output.result(
          devices === 0
            ? `Home Assistant knew no device of ${broker.id}.`
            : `Took ${devices === 1 ? 'one device' : `${devices} devices`} of ${broker.id} out of Home Assistant.`,
          { type: 'unpublished', id: broker.id, devices },
        );
      }),
    );
