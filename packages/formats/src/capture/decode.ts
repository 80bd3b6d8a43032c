/** Captures of meters' lines: which format it is, found by its bytes, and the readings in it. */
import { DaiseeError } from '@daisee/units';
import type { MeterKeys } from '../dlms/ciphering.ts';
import { createMbusDecoder } from '../mbus/mbus-decoder.ts';
import { isOcmf, type OcmfOptions, readOcmf } from '../ocmf/ocmf-reader.ts';
import { createP1Decoder } from '../p1/p1-decoder.ts';
import type { FrameDecoder, FrameFormat, MeterReading } from '../reading.ts';
import { createSmlDecoder } from '../sml/sml-decoder.ts';
import { createTicDecoder } from '../tic/tic-decoder.ts';
import { bytesOfHex } from './hex.ts';

/** Thrown for bytes that are of none of the formats. */
export class CaptureUnknown extends DaiseeError {
  constructor(bytes: Uint8Array) {
    const start = Buffer.from(bytes.subarray(0, 16)).toString('hex');
    super({
      code: 'formats.capture-unknown',
      message:
        bytes.length === 0
          ? 'The capture is empty: expected the bytes that a meter sent.'
          : `These are no frames of ${CAPTURE_FORMATS.join(', ')} (they begin with the bytes ${start}): name the format with --format, or check how the capture was made.`,
      retryable: false,
      values: { start, length: bytes.length },
    });
  }
}

export interface CaptureOptions extends OcmfOptions {
  /** Undefined: found by the bytes. */
  readonly format?: FrameFormat | undefined;
  /** IANA zone of the meter's clock, for P1; the country's usual one when undefined. */
  readonly zone?: string | undefined;
  /** Keys of an enciphered meter. */
  readonly keys?: MeterKeys | undefined;
}

const STX = '\u0002';
const TIC_GROUP = /(?:^|[\r\n])(?:ADCO|ADSC|ADIR[123]|VTIC|OPTARIF)[ \t]/;

/** An M-Bus long frame: 68 L L 68. */
const hasLongFrame = (bytes: Uint8Array): boolean => {
  for (let at = bytes.indexOf(0x68); at >= 0; at = bytes.indexOf(0x68, at + 1))
    if (bytes[at + 3] === 0x68 && bytes[at + 1] === bytes[at + 2] && (bytes[at + 1] ?? 0) >= 3) return true;
  return false;
};

const BEGINNINGS: readonly (readonly [FrameFormat, (text: string, bytes: Uint8Array) => boolean])[] = [
  ['ocmf', isOcmf],
  ['sml', (text) => text.includes('\x1b\x1b\x1b\x1b\x01\x01\x01\x01')],
  ['tic', (text) => TIC_GROUP.test(text.replaceAll(STX, '\n'))],
  ['p1', (text) => /(?:^|[\r\n\0\xff])\/[!-~]{3}\d[^\r\n]*\r?\n/.test(text) || /^\s*\/[!-~]{3}/.test(text)],
  ['p1', (_text, bytes) => bytes[0] === 0xdb && bytes[1] === 8],
  ['mbus', (_text, bytes) => hasLongFrame(bytes)],
];

const DECODERS: Readonly<Record<Exclude<FrameFormat, 'ocmf'>, (options: CaptureOptions) => FrameDecoder>> = {
  tic: createTicDecoder,
  p1: createP1Decoder,
  sml: createSmlDecoder,
  mbus: createMbusDecoder,
};

/** The formats whose captures are read. */
export const CAPTURE_FORMATS: readonly FrameFormat[] = [
  ...(Object.keys(DECODERS) as readonly (keyof typeof DECODERS)[]),
  'ocmf',
];

/** Bytes that a beginning is looked for in: captures may start in the middle of a frame. */
const LOOKED_AT = 65_536;
/** Bytes given to a decoder at a time, as many as a line gives in some seconds. */
const PIECE = 4096;

const formatOf = (bytes: Uint8Array): FrameFormat | undefined => {
  const head = bytes.subarray(0, LOOKED_AT);
  // Seven bits: a line with parity may have been captured with it.
  const text = Buffer.from(head.map((byte) => byte & 0x7f)).toString('latin1');
  const raw = Buffer.from(head).toString('latin1');
  return BEGINNINGS.find(([format, is]) => is(format === 'tic' ? text : raw, head))?.[0];
};

/**
 * Decodes a capture: binary, or its bytes in hexadecimal. Offsets of problems are places in the bytes.
 * @throws CaptureUnknown
 */
export const decodeCapture = function* (
  file: Uint8Array,
  options: CaptureOptions = {},
): Generator<MeterReading, void> {
  const bytes = bytesOfHex(file) ?? file;
  const format = options.format ?? formatOf(bytes);
  if (format === undefined || bytes.length === 0) throw new CaptureUnknown(bytes);
  if (format === 'ocmf') {
    yield* readOcmf(bytes, options);
    return;
  }
  const decoder = DECODERS[format](options);
  for (let at = 0; at < bytes.length; at += PIECE) yield* decoder.push(bytes.subarray(at, at + PIECE));
  yield* decoder.end();
};
