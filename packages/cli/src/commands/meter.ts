/** Meters' own words: captures of their lines, decoded. */
import { readFile } from 'node:fs/promises';
import { CAPTURE_FORMATS, decodeCapture, type FrameFormat, readingRecord } from '@daisee/formats';
import { DaiseeError, messageOf } from '@daisee/units';
import { Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../options.ts';
import { createOutput } from '../output.ts';
import { secretFrom } from '../settings/secrets.ts';
import type { CommonOptions } from './run.ts';

interface DecodeOptions extends CommonOptions {
  readonly format?: FrameFormat;
  readonly zone?: string;
  readonly keyFile?: string;
  readonly authenticationKey?: Uint8Array;
  readonly publicKey?: string;
}

/** Thrown for a capture that cannot be opened or of which not all was understood. */
class CaptureFailed extends DaiseeError {
  constructor(message: string, values: Readonly<Record<string, unknown>>, cause?: unknown) {
    super({ code: 'cli.capture', message, retryable: false, values, cause });
  }
}

const key = (text: string): Uint8Array => {
  const digits = text.replaceAll(/[\s:-]/g, '');
  if (!/^[\da-f]{32}$/i.test(digits))
    throw new InvalidArgumentError('A key has 32 hexadecimal digits, like 00112233445566778899AABBCCDDEEFF.');
  return Buffer.from(digits, 'hex');
};

const keyFrom = (file: string | undefined): Uint8Array | undefined => {
  const text = file === undefined ? process.env['DAISEE_METER_KEY'] : secretFrom(file);
  if (!text) return undefined;
  try {
    return key(text);
  } catch (error) {
    throw new UsageError(`${file ?? 'DAISEE_METER_KEY'}: ${messageOf(error)}`);
  }
};

/** `230 W`, or a dash. */
const shown = (value: unknown, unit: string): string =>
  typeof value === 'number' ? `${value} ${unit}` : '–';

const decode = async (file: string, options: DecodeOptions): Promise<void> => {
  const output = createOutput(options.json ?? false);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new CaptureFailed(`${file} cannot be read: ${messageOf(error)}.`, { file }, error);
  }
  const encryption = keyFrom(options.keyFile);
  let readings = 0;
  let problems = 0;
  for (const reading of decodeCapture(bytes, {
    format: options.format,
    zone: options.zone,
    publicKeyOf: () => options.publicKey,
    keys: encryption && { encryption, authentication: options.authenticationKey },
  })) {
    const record = readingRecord(reading);
    readings += 1;
    problems += reading.problems.length;
    output.result(
      [
        (reading.at === undefined ? 'no time' : new Date(reading.at).toISOString()).padEnd(24),
        shown(record['power'], record['apparent'] ? 'VA' : 'W').padStart(12),
        `import ${shown(record['import'], 'Wh')}`,
        `export ${shown(record['export'], 'Wh')}`,
        reading.signature === undefined
          ? ''
          : `signature ${reading.signature.state}, key ${reading.signature.key}`,
        reading.tariff === undefined ? '' : `tariff ${reading.tariffName ?? reading.tariff}`,
      ]
        .filter((part) => part !== '')
        .join('  '),
      record,
    );
    for (const { offset, problem } of reading.problems) output.line(`  byte ${offset}: ${problem}`);
  }
  if (readings === 0)
    throw new CaptureFailed(`${file} holds no frame: it may be shorter than one.`, { file });
  if (problems > 0) {
    output.note(
      `${file}: ${problems} ${problems === 1 ? 'place was' : 'places were'} not understood, see their lines.`,
    );
    process.exitCode = 1;
  }
};

export const meterCommand = (): Command =>
  new Command('meter').description("Meters' own words.").addCommand(
    new Command('decode')
      .description(
        "Decode a capture of a meter's line: one line a frame, with what was not understood and at which byte.",
      )
      .argument('<file>', 'the bytes that the meter sent, or their hexadecimal digits')
      .addOption(
        new Option('--format <format>', 'its format; found by its bytes').choices([...CAPTURE_FORMATS]),
      )
      .option('--zone <zone>', "time zone of the meter's clock, where the format has none (P1)")
      .option(
        '--key-file <file>',
        'file with the key of an enciphered meter, 32 hexadecimal digits (else DAISEE_METER_KEY)',
      )
      .addOption(
        new Option(
          '--authentication-key <digits>',
          "its authentication key; Luxembourg's, which is public",
        ).argParser(key),
      )
      .option(
        '--public-key <key>',
        "key of the meter that signed (OCMF), hex or base64; else the file's own, which proves nothing about whose it is",
      )
      .option('--json', 'one JSON object a line')
      .addHelpText(
        'after',
        '\nExit code 0 when everything in the file was understood.\nExample: daisee meter decode /tmp/linky.bin --json',
      )
      .action(decode),
  );
