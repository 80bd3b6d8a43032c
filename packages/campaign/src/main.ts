/** `npm run campaign`: the lab as separate processes, faults from a seed, and a checker of the laws. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { DaiseeError, messageOf, Seconds } from '@daisee/units';
import { type CampaignEvent, runCampaign } from './campaign.ts';
import { createChecker } from './checker/checker.ts';
import type { Fault, LinkName } from './doors.ts';
import { allFaults } from './faults/faults.ts';
import { openLink } from './links/link.ts';
import { exitCodeOf, failureLine, lineOf, recordOf, rowsOf, summaryOf, tableOf } from './report.ts';
import { openStage } from './stage/stage.ts';

const HELP = `Faults against the running system, with a checker of laws 1 to 8.

  npm run campaign -- [options]

  --minutes <number>  how long faults are struck, minutes of the machine (10)
  --seed <number>     repeats a campaign; chosen at random and printed without it
  --only <words>      only faults whose name has one of these words, separated by commas
  --speed <number>    lab time per real time (20)
  --relay <v02|http>  how agent 1 reaches the relay; the seed decides without it
  --json              one JSON object a line
  --list              the faults, and the laws that each tries
  --help

The exit code is 0 only without a violation. Ctrl-C ends it with the table so far and 130: nothing is judged then.
Example: npm run campaign -- --minutes 2 --seed 7 --only reorganisation,killed
`;

class CampaignUsage extends DaiseeError {
  constructor(what: string) {
    super({ code: 'campaign.usage', message: `${what} (--help shows every option)`, retryable: false });
  }
}

interface Asked {
  readonly minutes: number;
  readonly seed: number;
  readonly speed: number;
  readonly relay: 'v02' | 'http';
  readonly faults: readonly Fault[];
  readonly json: boolean;
  readonly only: string | undefined;
}

const numberIn = (name: string, text: string | undefined, otherwise: number, low: number, high: number) => {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() === '' || !(value >= low && value <= high))
    throw new CampaignUsage(`--${name} needs a number from ${low} to ${high}, not "${text}"`);
  return value;
};

const wordsOf = (only: string | undefined): readonly Fault[] => {
  if (only === undefined) return allFaults;
  const words = only
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  const faults = allFaults.filter(({ name }) =>
    words.some((word) => word && name.toLowerCase().includes(word)),
  );
  if (faults.length === 0) throw new CampaignUsage(`No fault has "${only}" in its name; --list shows them`);
  return faults;
};

const askedFor = (words: string[]): Asked | 'help' | 'list' => {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  let values: Partial<Record<string, string | boolean>>;
  try {
    ({ values } = parseArgs({
      args: words,
      options: {
        minutes: text,
        seed: text,
        only: text,
        speed: text,
        relay: text,
        json: flag,
        list: flag,
        help: flag,
      },
    }));
  } catch (error) {
    throw new CampaignUsage(error instanceof Error ? error.message : String(error));
  }
  if (values['help']) return 'help';
  if (values['list']) return 'list';
  const given = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  const seed = Math.floor(numberIn('seed', given('seed'), randomInt(1_000_000), 0, 2 ** 47));
  const relay = given('relay') ?? (seed % 2 === 0 ? 'v02' : 'http');
  if (relay !== 'v02' && relay !== 'http')
    throw new CampaignUsage(`--relay needs v02 or http, not "${relay}"`);
  return {
    minutes: numberIn('minutes', given('minutes'), 10, 0.1, 10_000),
    seed,
    speed: numberIn('speed', given('speed'), 20, 1, 200),
    relay,
    faults: wordsOf(given('only')),
    json: values['json'] === true,
    only: given('only'),
  };
};

const listOf = (faults: readonly Fault[]): string =>
  faults.map(({ name, tries }) => `${name.padEnd(40)} laws ${tries.join(' ')}`).join('\n');

const hold = async (asked: Asked): Promise<number> => {
  const { minutes, seed, speed, relay, faults, json, only } = asked;
  const words = [`--seed ${seed} --minutes ${minutes} --speed ${speed} --relay ${relay}`];
  if (only !== undefined) words.push(`--only '${only}'`);
  const repeat = `npm run campaign -- ${words.join(' ')}`;
  const print = (text: string, record: Readonly<Record<string, unknown>>): void =>
    void process.stdout.write(`${json ? JSON.stringify(record) : text}\n`);
  const note = (text: string): void => print(`    ${text}`, { type: 'note', message: text });
  const ending = new AbortController();
  let asks = 0;
  const onSignal = (): void => {
    asks++;
    if (asks > 1) process.exit(130);
    note('It ends; once more ends it at once.');
    ending.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  print(`The lab starts: ${repeat}`, { type: 'begins', seed, minutes, speed, relay });
  const link = (name: LinkName, kind: 'tcp' | 'http', target: { host: string; port: number }) =>
    openLink({
      name,
      kind,
      target,
      onFailure: (error) => note(`${name}: ${failureLine(error)}`),
    });
  try {
    const stage = await openStage({ seed, speed, relay, link, note, signal: ending.signal });
    try {
      const outcome = await runCampaign({
        stage,
        checker: createChecker(stage),
        faults,
        seed,
        length: Seconds(minutes * 60 * speed),
        signal: ending.signal,
        onEvent: (event: CampaignEvent) => print(lineOf(event), recordOf(event)),
      });
      const rows = rowsOf(outcome, faults);
      const { found, looks, tries, isWhole, lasted } = outcome;
      print(`\n${tableOf(rows)}\n\n${summaryOf(outcome, rows, speed, repeat)}`, {
        type: 'table',
        rows,
        violations: found.length,
        looks,
        tries,
        isWhole,
        lasted,
        repeat,
      });
      return exitCodeOf(outcome);
    } finally {
      await stage.close();
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
    note(`It was ended before it had begun, and nothing was judged: ${messageOf(error)}`);
    return exitCodeOf({ found: [], isWhole: false });
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
};

try {
  const asked = askedFor(process.argv.slice(2));
  if (asked === 'help') process.stdout.write(HELP);
  else if (asked === 'list') process.stdout.write(`${listOf(allFaults)}\n`);
  else process.exitCode = await hold(asked);
} catch (error) {
  process.stderr.write(`${failureLine(error)}\n`);
  process.exitCode = 2;
}
