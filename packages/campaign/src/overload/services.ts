/** What all nodes of a community share: its chain, its monitor on PostgreSQL, its board set; each a process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, Instant, pacedClock } from '@daisee/units';
import { BLOCK_TIME, foundCommunity } from './community.ts';
import type { CommunityPlan, FromBoards, MemberPlan } from './plan.ts';
import { freePort, type Process, startCommand, startProgram } from './processes.ts';

export interface Services {
  readonly plan: CommunityPlan;
  readonly members: readonly MemberPlan[];
  readonly clock: Clock;
  readonly chain: Process;
  readonly monitor: Process;
  readonly boards: Process;
  /** `Authorization` at the monitor. */
  readonly authorization: string;
}

export interface ServicesOptions {
  readonly directory: string;
  readonly pairs: number;
  readonly speed: number;
  readonly database: string;
  /** The contacts of the board set changed. */
  readonly onContacts: (states: readonly boolean[]) => void;
  /** Every process is given here as soon as it runs. */
  readonly onStarted: (process: Process) => void;
  readonly onProgress: (what: string) => void;
}

const LOGIN = 'community';
const PASSWORD = 'overload';
/** Noon of a summer day, so that every run is the same. */
const START = Instant(Date.UTC(2026, 5, 1, 12));

/** Founds the community and starts what it shares. @throws CommunityBroken */
export const startServices = async (options: ServicesOptions): Promise<Services> => {
  const { directory, pairs, speed, onContacts, onStarted, onProgress } = options;
  onProgress(`registering ${2 * pairs} nodes`);
  const { consumers, producers, ...contracts } = await foundCommunity(join(directory, 'chain'), pairs, START);

  onProgress('starting chain, monitor and boards');
  // The clocks of all processes agree because they are made of the machine's.
  const time = { real: Instant(Date.now()), instant: START, speed };
  const clockFile = join(directory, 'clock.json');
  writeFileSync(clockFile, JSON.stringify(time));
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  const command = async (name: string, words: readonly string[]): Promise<Process> => {
    const made = await startCommand(name, words, { DAISEE_CLOCK: `${clockFile}#${words[0]}` });
    onStarted(made);
    return made;
  };
  const chainPort = await freePort();
  const kept = ['--data', join(directory, 'chain')];
  const every = ['--block-time', `${BLOCK_TIME / 1000}`];
  const chain = await command('the chain', ['chain', '--port', `${chainPort}`, ...every, ...kept]);
  const monitorPort = await freePort();
  const login = ['--login', LOGIN, '--password-file', passwordFile];
  const place = ['--port', `${monitorPort}`, '--database', options.database];
  const monitor = await command('the monitor', ['monitor', ...place, ...login]);
  const boards = await startProgram<FromBoards>(
    'the boards',
    './boards.ts',
    { type: 'begin', time, channels: 2 * pairs },
    (message) => message.type === 'contacts' && onContacts(message.states),
  );
  onStarted(boards.process);
  if (boards.first.type !== 'ready') throw new TypeError('unreachable: boards say first that they are ready');

  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  const authorization = `Basic ${Buffer.from(`${LOGIN}:${PASSWORD}`).toString('base64')}`;
  const sensor = async (name: string, sign: 'load' | 'source'): Promise<number> => {
    const answer = await fetch(`${monitorUrl}/api/v1/sensors`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: authorization },
      body: JSON.stringify({ name, sign }),
    });
    return ((await answer.json()) as { readonly id: number }).id;
  };
  const members: MemberPlan[] = [];
  for (const [index, consumer] of consumers.entries()) {
    const producer = producers[index];
    if (!producer) continue;
    const seller = { account: producer.account, own: 2 * index, contact: 2 * index + 1 };
    members.push({ ...consumer, seller, sensorId: await sensor(consumer.account, 'load') });
    members.push({ ...producer, sensorId: await sensor(producer.account, 'source') });
  }
  const clock = pacedClock(time);
  const plan: CommunityPlan = {
    ...contracts,
    time,
    chain: `http://127.0.0.1:${chainPort}`,
    monitor: monitorUrl,
    login: LOGIN,
    password: PASSWORD,
    relay: { host: '127.0.0.1', port: boards.first.port },
    since: Math.round(clock.now()),
  };
  return { plan, members, clock, chain, monitor, boards: boards.process, authorization };
};
