/**
 * How many frames the decoders read in a second of the processor's time, beside two public packages each, and how many right answers each gives.
 *
 *   npm run bench:meter
 *   npm run bench:meter -- --json
 *
 * The frames are made ones, and real ones where DAISEE_GOLDEN names a folder with them. An answer is right when power and
 * registers are those of the frame; none is not wrong where there is none to be had.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toWattHours } from '@daisee/units';
import {
  createMbusDecoder,
  createP1Decoder,
  createSmlDecoder,
  createTicDecoder,
  decodeCapture,
} from '../src/index.ts';
import type { FrameDecoder } from '../src/reading.ts';
import { little, response } from '../test/made/mbus.ts';
import { payloadOf, READING, recordOf, signerOf } from '../test/made/ocmf.ts';
import { DUTCH, plainTelegram, telegram } from '../test/made/p1.ts';
import { integer, smlFile } from '../test/made/sml.ts';
import { frame, fullStandard, historic, historicBase } from '../test/made/tic.ts';
import { type Answer, installPeers, type Peer } from './peers.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(
    'Rates of the meter decoders, and right answers, beside public packages.\n\n  --seconds N   of each measurement; 2\n  --json        one JSON object a line\n\nExample: npm run bench:meter -- --seconds 3',
  );
  process.exit(0);
}

/** Of each measurement; an odd number. */
const TURNS = 9;

interface Case {
  readonly frame: Buffer;
  readonly right: Answer;
}

/** A real file, where there is one. */
const real = (name: string, right: Answer): readonly Case[] => {
  const folder = process.env['DAISEE_GOLDEN'];
  return folder === undefined ? [] : [{ frame: readFileSync(join(folder, name)), right }];
};

const signer = signerOf('secp256k1', 'secp256k1');
const withKey = (record: string): Buffer => Buffer.from(`${record}\n${signer.publicKey}`);
const record = recordOf(payloadOf(READING.replace('"      48.542"', '48.542')), signer);
const asText = recordOf(payloadOf(READING), signer);
const energy = (code: string, value: Buffer) => ({ code, value, unit: 30, scaler: -1 });
const power = (value: bigint, width: number) => ({
  code: '16.7.0',
  value: integer(value, width, true),
  unit: 27,
  scaler: 0,
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  tic: [
    { frame: frame(...historicBase()), right: { power: 730, imported: 12_345_678 } },
    {
      frame: frame(
        historic('ADCO', '812164417000'),
        historic('HCHC', '000001000'),
        historic('HCHP', '000002000'),
        historic('PTEC', 'HP..'),
        historic('PAPP', '00730'),
      ),
      right: { power: 730, imported: 3000 },
    },
    { frame: frame(...fullStandard()), right: { power: 1234, imported: 1500, exported: 777 } },
    ...real('tic/ticFrameHistoric.txt', { power: 0, imported: 104 }),
    ...real('tic/ticFrameStandard.txt', { power: 0, imported: 0 }),
  ],
  p1: [
    {
      frame: telegram('/ISK5\\2M550T-1012', ...DUTCH),
      right: { power: -1234, imported: 300_003, exported: 70_000 },
    },
    {
      frame: plainTelegram(
        '/ISk5\\2MT382-1004',
        '1-0:1.8.1(00001.001*kWh)',
        '1-0:1.8.2(00001.001*kWh)',
        '1-0:1.7.0(0001.01*kW)',
      ),
      right: { power: 1010, imported: 2002 },
    },
    {
      frame: plainTelegram(
        '/ESY5Q3DB1024 V3.04',
        '1-0:1.8.0*255(00052185.7825309*kWh)',
        '1-0:1.7.0*255(002124.86*W)',
      ),
      right: { power: 2124.86, imported: 52_185_782.5309 },
    },
    ...real('p1/TELEGRAM_V3.txt', { power: 1190, imported: 24_691_356, exported: 24_691_356 }),
    ...real('p1/TELEGRAM_V4_2.txt', { power: 2027, imported: 3_016_829, exported: 0 }),
    ...real('p1/TELEGRAM_V5.txt', { power: 244, imported: 6825, exported: 2444 }),
    ...real('p1/TELEGRAM_FLUVIUS_V171.txt', { power: 0, imported: 15_792, exported: 11 }),
    ...real('p1/TELEGRAM_ISKRA_IE.txt', { power: -100, imported: 20_363, exported: 20_563 }),
    ...real('p1/TELEGRAM_SAGEMCOM_T210_D_R.txt', { power: 286, imported: 6_545_766, exported: 58 }),
    // Its checksum is wrong: nothing of it is to be taken.
    ...real('p1/lvzon_p1-example-5.0.txt', {}),
  ],
  sml: [
    {
      frame: smlFile([
        energy('1.8.0', integer(123_456_789n, 8, false)),
        energy('2.8.0', integer(4567n, 4, false)),
        power(-1234n, 4),
      ]),
      right: { power: -1234, imported: 12_345_678.9, exported: 456.7 },
    },
    {
      frame: smlFile([energy('1.8.0', integer(4_294_967_296n, 5, false)), power(250n, 2)]),
      right: { power: 250, imported: 429_496_729.6 },
    },
    {
      frame: smlFile([energy('1.8.0', integer(99n, 3, false)), power(-7n, 1)]),
      right: { power: -7, imported: 9.9 },
    },
    {
      frame: smlFile([energy('1.8.0', integer(99n, 4, false)), power(5n, 2)], { checksum: 'wrong' }),
      right: {},
    },
  ],
  mbus: [
    {
      frame: response([0x04, 0x03, ...little(123_456, 4), 0x02, 0x2b, ...little(-750, 2)]),
      right: { power: -750, imported: 123_456 },
    },
  ],
  ocmf: [
    { frame: withKey(record), right: { imported: 48_542, valid: true } },
    { frame: withKey(asText), right: { imported: 48_542, valid: true } },
    { frame: withKey(record.replace('48.542', '48.543')), right: { valid: false } },
  ],
};

const answerOf = (reading: ReturnType<FrameDecoder['end']>[number] | undefined): Answer => ({
  power: reading?.power,
  imported: reading?.imported === undefined ? undefined : toWattHours(reading.imported),
  exported: reading?.exported === undefined ? undefined : toWattHours(reading.exported),
  ...(reading?.signature ? { valid: reading.signature.state === 'valid' } : {}),
});

const ours = (create: () => FrameDecoder): Peer => {
  const decoder = create();
  return { name: 'ours', decode: (bytes) => answerOf([...decoder.push(bytes), ...decoder.end()][0]) };
};

const OURS: Readonly<Record<string, Peer>> = {
  tic: ours(createTicDecoder),
  p1: ours(createP1Decoder),
  sml: ours(createSmlDecoder),
  mbus: ours(createMbusDecoder),
  ocmf: {
    name: 'ours',
    decode: (bytes) => {
      const [text = '', key = ''] = bytes.toString('utf8').split('\n');
      return answerOf([...decodeCapture(Buffer.from(text), { format: 'ocmf', publicKeyOf: () => key })][0]);
    },
  },
};

const attempt = ({ decode }: Peer, bytes: Buffer): Answer | Promise<Answer> => {
  // Whatever a package throws is no answer.
  try {
    const answer = decode(bytes);
    return answer instanceof Promise ? answer.catch(() => ({})) : answer;
  } catch {
    return {};
  }
};

const isRight = (answer: Answer, right: Answer): boolean => {
  const same = (a: number | undefined, b: number | undefined): boolean =>
    b === undefined
      ? a === undefined || Number.isNaN(a) || right.valid !== undefined
      : a !== undefined && Math.abs(a - b) < 1e-6 * Math.max(1, Math.abs(b));
  // A register that a meter has not, and a package gives as 0, is let pass.
  const exported = right.exported === undefined && answer.exported === 0 ? undefined : answer.exported;
  return (
    same(answer.power, right.power) &&
    same(answer.imported, right.imported) &&
    same(exported, right.exported) &&
    (right.valid === undefined || (answer.valid ?? false) === right.valid)
  );
};

/** Seconds of the processor's time, so that what else the machine does counts little. */
const used = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const rate = async (peer: Peer, bytes: Buffer, seconds: number): Promise<number> => {
  const start = used();
  let count = 0;
  while (used() - start < seconds)
    for (let turn = 0; turn < 50; turn++, count++) {
      const answer = peer.decode(bytes);
      if (answer instanceof Promise) await answer;
    }
  return count / (used() - start);
};

/** In turns, so that a change of the machine's speed meets all of them; the middle one of each counts. */
const ratesOf = async (decoders: readonly Peer[], bytes: Buffer): Promise<readonly number[]> => {
  const turns = decoders.map((): number[] => []);
  for (let turn = 0; turn <= TURNS; turn++)
    for (const [at, peer] of decoders.entries()) {
      const measured = await rate(
        { ...peer, decode: (frame) => attempt(peer, frame) },
        bytes,
        Number(options.seconds) / TURNS,
      );
      // The first turn warms up.
      if (turn > 0) turns[at]?.push(measured);
    }
  return turns.map((measured) => measured.sort((a, b) => a - b)[(TURNS - 1) / 2] ?? 0);
};

const peers = installPeers();
const rows: Readonly<Record<string, unknown>>[] = [];
for (const [format, cases] of Object.entries(CASES)) {
  const own = OURS[format];
  const [first] = cases;
  if (!own || !first) continue;
  const decoders = [
    own,
    ...(format === 'mbus' ? [] : (peers?.[format as 'tic' | 'p1' | 'sml' | 'ocmf'] ?? [])),
  ];
  const rates = await ratesOf(decoders, first.frame);
  for (const [at, peer] of decoders.entries()) {
    let right = 0;
    for (const { frame: bytes, right: expected } of cases)
      if (isRight(await attempt(peer, bytes), expected)) right += 1;
    rows.push({
      format,
      decoder: peer.name,
      framesPerSecond: Math.round(rates[at] ?? 0),
      right,
      of: cases.length,
    });
  }
}
peers?.remove();

if (options.json) for (const row of rows) console.log(JSON.stringify(row));
else {
  console.log(`Node ${process.versions.node}, ${cpus()[0]?.model ?? 'unknown processor'}\n`);
  console.log('| format | decoder | frames/s of the processor | right answers |');
  console.log('| --- | --- | ---: | ---: |');
  for (const { format, decoder, framesPerSecond, right, of } of rows)
    console.log(
      `| ${String(format)} | ${String(decoder)} | ${Number(framesPerSecond).toLocaleString('en')} | ${String(right)} of ${String(of)} |`,
    );
}
