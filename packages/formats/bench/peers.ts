/**
 * The public packages that decoders are measured beside. They are installed in a folder that is thrown away after it,
 * without running any script of theirs; the project does not depend on them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The most used on npm for each format at the time of writing; for M-Bus there is none without native code. */
const PACKAGES = [
  'teleinfo@0.1.0',
  'dsmr-parser@2.1.1',
  'p1-reader@2.0.6',
  'smartmeter-obis@4.0.0',
  'open-sml@1.0.4',
  '@road-labs/ocmf@0.0.9',
  '@road-labs/ocmf-crypto-noble@0.0.9',
] as const;

/** What a decoder made of one frame: watts and watt-hours; undefined where it gave none. */
export interface Answer {
  readonly power?: number | undefined;
  readonly imported?: number | undefined;
  readonly exported?: number | undefined;
  /** Of a signed record. */
  readonly valid?: boolean | undefined;
}

export interface Peer {
  readonly name: string;
  readonly decode: (frame: Buffer) => Answer | Promise<Answer>;
}

export interface Peers {
  readonly tic: readonly Peer[];
  readonly p1: readonly Peer[];
  readonly sml: readonly Peer[];
  readonly ocmf: readonly Peer[];
  remove(): void;
}

type Loose = Readonly<Record<string, unknown>>;

/** What a package writes to the console while it works is not part of its work. */
const quietly = <T>(work: () => T): T => {
  const { error, log, warn } = console;
  Object.assign(console, { error: () => undefined, log: () => undefined, warn: () => undefined });
  try {
    return work();
  } finally {
    Object.assign(console, { error, log, warn });
  }
};

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : undefined;

const sum = (...values: readonly (number | undefined)[]): number | undefined => {
  let total: number | undefined;
  for (const value of values) if (value !== undefined && !Number.isNaN(value)) total = (total ?? 0) + value;
  return total === undefined ? undefined : Math.round(total * 1e6) / 1e6;
};
const times = (value: number | undefined, factor: number): number | undefined =>
  value === undefined ? undefined : Math.round(value * factor * 1e3) / 1e3;
const minus = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? undefined : a - (b ?? 0);

/** Installs the packages; undefined where the registry cannot be reached. */
export const installPeers = (): Peers | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'daisee-peers-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    execFileSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional', ...PACKAGES],
      {
        cwd: folder,
        stdio: 'pipe',
      },
    );
  } catch (error) {
    remove();
    console.error(
      `The packages beside which this measures cannot be installed: ${String(error).split('\n')[0]}`,
    );
    return undefined;
  }
  const require = createRequire(join(folder, 'package.json'));
  return { ...adaptersOf(require, folder), remove };
};

const adaptersOf = (require: NodeJS.Require, folder: string): Omit<Peers, 'remove'> => {
  // teleinfo opens its serial port itself: an emitter stands in for it.
  writeFileSync(
    join(folder, 'serial-stand-in.cjs'),
    `const { EventEmitter } = require('node:events');
     class SerialPort extends EventEmitter { constructor() { super(); SerialPort.last = this; } }
     module.exports = { SerialPort, parsers: { readline: () => undefined } };`,
  );
  const standIn = require('./serial-stand-in.cjs') as { readonly SerialPort: { last: NodeJS.EventEmitter } };
  const Module = require('node:module') as unknown as {
    _load: (request: string, ...rest: unknown[]) => unknown;
  };
  const load = Module._load;
  Module._load = (request, ...rest) => (request === 'serialport' ? standIn : load(request, ...rest));
  const { teleinfo } = require('teleinfo/teleinfo.js') as {
    readonly teleinfo: (port: string) => NodeJS.EventEmitter;
  };
  const events = teleinfo('none');
  const port = standIn.SerialPort.last;
  let trame: Loose | undefined;
  events.on('tramedecodee', (decoded: Loose) => {
    trame = decoded;
  });
  const dsmr = require('dsmr-parser') as { readonly parse: (text: string) => { readonly objects: Loose } };
  const p1Reader = require('p1-reader/lib/parsePacket.js') as (text: string) => {
    readonly electricity: Readonly<
      Record<string, Readonly<Record<string, { readonly reading: unknown; readonly unit?: unknown }>>>
    >;
  };
  const SmlProtocol = require('smartmeter-obis/lib/protocols/SmlProtocol.js') as new (
    options: Loose,
    store: (error: unknown, result: Readonly<Record<string, ObisMeasurement>> | null) => void,
  ) => { handleMessage(bytes: Buffer): unknown };
  const openSml = require('open-sml') as {
    readonly SmlFile: new () => {
      parse(bytes: Buffer): void;
      readonly messages: Readonly<Record<string, SmlMessage>>;
    };
    readonly Constants: { readonly GET_LIST_RESPONSE: number };
  };
  Module._load = load;
  const ocmf = require('@road-labs/ocmf') as {
    readonly Verifier: new (
      crypto: CryptoAdapter,
    ) => {
      parseAndVerify(
        record: string,
        key: unknown,
      ): Promise<{
        readonly value?: { readonly payloadData: { readonly RD: readonly { readonly RV: unknown }[] } };
        readonly verified: boolean;
      }>;
    };
  };
  const noble = require('@road-labs/ocmf-crypto-noble') as {
    readonly Crypto: new () => CryptoAdapter;
  };

  return {
    tic: [
      {
        name: 'teleinfo 0.1.0',
        decode: (frame) => {
          trame = undefined;
          // Its parser splits at CR ETX STX LF.
          port.emit('data', frame.toString('latin1').slice(2, -2).replaceAll('\r\n', '\r\n'));
          const found = trame as Loose | undefined;
          return {
            power: numberOf(found?.['PAPP']),
            imported: sum(...['BASE', 'HCHC', 'HCHP'].map((label) => numberOf(found?.[label]))),
          };
        },
      },
    ],
    p1: [
      {
        name: 'dsmr-parser 2.1.1',
        decode: (frame) => {
          const { objects } = dsmr.parse(frame.toString('latin1'));
          const of = (name: string): number | undefined => numberOf(objects[name]);
          return {
            power: times(
              minus(of('actual electricity power delivered'), of('actual electricity power received')),
              1000,
            ),
            imported: times(
              sum(of('electricity delivered tariff 1'), of('electricity delivered tariff 2')),
              1000,
            ),
            exported: times(
              sum(of('electricity received tariff 1'), of('electricity received tariff 2')),
              1000,
            ),
          };
        },
      },
      {
        name: 'p1-reader 2.0.6',
        decode: (frame) => {
          const { electricity } = quietly(() => p1Reader(frame.toString('latin1')));
          const of = (way: string, what: string): number | undefined =>
            numberOf(electricity[way]?.[what]?.reading);
          return {
            power: times(minus(of('received', 'actual'), of('delivered', 'actual')), 1000),
            imported: times(sum(of('received', 'tariff1'), of('received', 'tariff2')), 1000),
            exported: times(sum(of('delivered', 'tariff1'), of('delivered', 'tariff2')), 1000),
          };
        },
      },
    ],
    sml: [
      {
        name: 'smartmeter-obis 4.0.0',
        decode: (frame) => {
          let found: Answer = {};
          new SmlProtocol({ debug: 0, logger: () => undefined }, (_error, result) => {
            const of = (code: string): number | undefined => {
              const found = result?.[code]?.getValue(0);
              return found?.unit === 'kWh' ? times(found.value, 1000) : found?.value;
            };
            found = {
              power: of('1-0:16.7.0*255'),
              imported: of('1-0:1.8.0*255'),
              exported: of('1-0:2.8.0*255'),
            };
          }).handleMessage(frame);
          return found;
        },
      },
      {
        name: 'open-sml 1.0.4',
        decode: (frame) => {
          const file = new openSml.SmlFile();
          file.parse(frame);
          const found: Record<string, number> = {};
          for (const message of Object.values(file.messages)) {
            if (message.getMessageTag() !== openSml.Constants.GET_LIST_RESPONSE) continue;
            const list = message.getMessageBody().getValList();
            for (let at = 0; at < list.getLength(); at++) {
              const entry = list.getListEntryAt(at);
              found[Buffer.from(entry.getObjName()).toString('hex')] =
                Number(entry.getValue()) * 10 ** Number(entry.getScaler() ?? 0);
            }
          }
          return {
            power: found['0100100700ff'],
            imported: times(found['0100010800ff'], 1),
            exported: times(found['0100020800ff'], 1),
          };
        },
      },
    ],
    ocmf: [
      {
        name: '@road-labs/ocmf 0.0.9',
        decode: async (frame) => {
          const [record = '', key = ''] = frame.toString('utf8').split('\n');
          const crypto = new noble.Crypto();
          const publicKey = await crypto.decodeEcPublicKey(Buffer.from(key, 'hex'), 'spki-der');
          const { value, verified } = await new ocmf.Verifier(crypto).parseAndVerify(record, publicKey);
          const [reading] = value?.payloadData.RD ?? [];
          return { imported: times(numberOf(reading?.RV), 1000), valid: verified };
        },
      },
    ],
  };
};

interface ObisMeasurement {
  getValue(index: number): { readonly value: number; readonly unit?: string } | undefined;
}
interface SmlMessage {
  getMessageTag(): number;
  getMessageBody(): {
    getValList(): { getLength(): number; getListEntryAt(index: number): SmlEntry };
  };
}
interface SmlEntry {
  getObjName(): Uint8Array;
  getValue(): unknown;
  getScaler(): unknown;
}
interface CryptoAdapter {
  decodeEcPublicKey(bytes: Uint8Array, format: string): Promise<unknown>;
}
