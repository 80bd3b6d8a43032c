/** Monitors that answer late, wrongly or with errors, and meters whose samples come with gaps, twice or too late. */
import type { Fault, HttpAnswer, Law, LinkName, MeterGateway, Stage } from '../doors.ts';
import { answering, inWords, lasting, seconds, seenIf } from './lasting.ts';

const READERS: readonly [LinkName, ...LinkName[]] = ['agent1-monitor1', 'agent2-monitor2', 'app-monitor1'];
const STATUSES: readonly [number, ...number[]] = [500, 502, 503, 504, 429];

const failing: Fault = {
  name: 'monitor answers 500',
  tries: [1, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(READERS)];
    const length = seconds(chance, 20, 240);
    const share = chance.between(0.3, 1);
    let answered = 0;
    const end = answering(link, () => {
      if (chance.next() >= share) return undefined;
      answered++;
      return { status: chance.pick(STATUSES), body: '{"detail":"something broke"}' };
    });
    await lasting(stage, length, signal, end);
    return seenIf(answered > 0, `${link.name}: ${answered} errors in ${inWords(length)}`);
  },
};

/** The monitor took the samples, and the gateway hears that it did not, or nothing at all. */
const unacknowledged: Fault = {
  name: 'monitor takes samples and says no',
  tries: [1, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const name = chance.pick<LinkName>(['meter1-monitor1', 'meter2-monitor2']);
    const length = seconds(chance, 20, 180);
    let denied = 0;
    const end = answering(stage.links[name], async (request) => {
      if (chance.next() < 0.3) return undefined;
      await request.pass();
      denied++;
      return chance.next() < 0.5 ? 'silence' : { status: 500, body: '{}' };
    });
    await lasting(stage, length, signal, end);
    return seenIf(denied > 0, `${name}: ${denied} deliveries taken and denied in ${inWords(length)}`);
  },
};

const late: Fault = {
  name: 'monitor answers late',
  tries: [1, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(READERS)];
    const length = seconds(chance, 30, 240);
    // Up to beyond the client's patience of 5 s of the machine's time.
    const wait = (): number => chance.between(0.2, 6) * 1000;
    let delayed = 0;
    const end = answering(link, async (request) => {
      const answer = await request.pass();
      delayed++;
      await lasting(stage, seconds(chance, 0, (wait() / 1000) * stage.speed), signal);
      return answer;
    });
    await lasting(stage, length, signal, end);
    return seenIf(delayed > 0, `${link.name}: ${delayed} answers held up in ${inWords(length)}`);
  },
};

const partly: Fault = {
  name: 'monitor answers half',
  tries: [1, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(READERS)];
    const length = seconds(chance, 20, 180);
    let cut = 0;
    const end = answering(link, async (request) => {
      if (chance.next() < 0.3) return undefined;
      const answer = await request.pass();
      cut++;
      return { ...answer, cutAfter: chance.whole(0, Math.max(0, answer.body.length - 1)) };
    });
    await lasting(stage, length, signal, end);
    return seenIf(cut > 0, `${link.name}: ${cut} answers cut off in ${inWords(length)}`);
  },
};

/** Each sample of an answer twice; undefined when it is no list of samples. */
const doubled = (answer: HttpAnswer): HttpAnswer | undefined => {
  if (answer.status !== 200 || !answer.body.includes('"samples":[')) return undefined;
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  const samples = body['samples'];
  if (!Array.isArray(samples)) return undefined;
  return { ...answer, body: JSON.stringify({ ...body, samples: samples.flatMap((one) => [one, one]) }) };
};

const twice: Fault = {
  name: 'monitor answers everything twice',
  tries: [1],
  weight: 1,
  strike: async (stage, chance, signal) => {
    const name = chance.pick<LinkName>(['agent1-monitor1', 'agent2-monitor2']);
    const link = stage.links[name];
    const length = seconds(chance, 30, 240);
    let answers = 0;
    const end = answering(link, async (request) => {
      if (!request.path.includes('/samples')) return undefined;
      const answer = doubled(await request.pass());
      if (answer) answers++;
      return answer;
    });
    await lasting(stage, length, signal, end);
    return seenIf(
      answers > 0,
      `${link.name}: ${answers} answers with each sample twice in ${inWords(length)}`,
    );
  },
};

const meter = (
  name: string,
  tries: readonly Law[],
  strike: (gateway: MeterGateway, length: ReturnType<typeof seconds>) => () => void,
  longest: number,
): Fault => ({
  name,
  tries,
  weight: 2,
  strike: async (stage: Stage, chance, signal) => {
    const which = chance.pick<1 | 2>([1, 1, 2]);
    const length = seconds(chance, 15, longest);
    await lasting(stage, length, signal, strike(stage.meters[which], length));
    return `meter ${which} for ${inWords(length)}`;
  },
});

const nothing = (): void => {};

export const measurementFaults: readonly Fault[] = [
  failing,
  unacknowledged,
  late,
  partly,
  twice,
  meter(
    'samples missing',
    [1, 7],
    (gateway, length) => {
      gateway.drop(length);
      return nothing;
    },
    600,
  ),
  meter(
    'samples late',
    [1, 7],
    (gateway, length) => {
      gateway.late(length);
      return nothing;
    },
    600,
  ),
  meter('samples twice', [1], (gateway) => gateway.twice(), 240),
  meter('samples out of order', [1], (gateway) => gateway.shuffled(), 240),
];
