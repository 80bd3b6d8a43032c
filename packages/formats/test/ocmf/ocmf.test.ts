import { describe, expect, it } from 'vitest';
import { decodeCapture, readingRecord } from '../../src/index.ts';
import { iso, problemsOf } from '../made/decoding.ts';
import { CURVES, derOf, payloadOf, READING, recordOf, signerOf, xmlOf } from '../made/ocmf.ts';

const read = (text: string, publicKey?: string) => [
  ...decodeCapture(Buffer.from(text), { publicKeyOf: () => publicKey }),
];
const one = (text: string, publicKey?: string) => {
  const [reading, ...others] = read(text, publicKey);
  expect(others).toEqual([]);
  if (!reading) throw new Error('no reading');
  return reading;
};

const signer = signerOf('secp256r1', 'prime256v1');
const payload = payloadOf(READING);
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

describe('a signed record', () => {
  it('gives the register, the time and what is signed', () => {
    const reading = one(recordOf(payload, signer), signer.publicKey);
    expect(reading).toMatchObject({
      meter: '1ABC0012345678',
      imported: 48_542_000_000n,
      problems: [],
      signature: { state: 'valid', key: 'given', algorithm: 'ECDSA-secp256r1-SHA256' },
    });
    expect(iso(reading.at)).toBe('2024-07-01T10:34:56.000Z');
    expect(reading.signature?.signed).toEqual(['FV', 'GI', 'GS', 'PG', 'MS', 'IS', 'RD']);
    expect(reading.signature?.unsigned).toEqual(['SA', 'SD']);
  });

  it.each(CURVES)(
    'of the curve %s is verified, and refused when one byte of it is another',
    (curve, named) => {
      const own = signerOf(curve, named);
      const record = recordOf(payload, own);
      expect(one(record, own.publicKey).signature?.state).toBe('valid');
      const changed = one(record.replace('48.542', '48.543'), own.publicKey);
      expect(changed.signature?.state).toBe('invalid');
      expect([changed.imported, changed.at]).toEqual([undefined, undefined]);
      expect(problemsOf(changed)).toHaveLength(1);
    },
  );

  it('is verified over its bytes: the same JSON written otherwise is another record', () => {
    const record = recordOf(payload, signer).replace('"FV" : "1.0"', '"FV":"1.0"');
    expect(one(record, signer.publicKey).signature?.state).toBe('invalid');
  });

  it('may have a | and braces inside its texts, and spaces around its sections', () => {
    const odd = payloadOf(READING.replace('"ST":"G"', '"ST":"G","Z":"a|{\\"b\\":1}|"'));
    expect(one(recordOf(odd, signer), signer.publicKey)).toMatchObject({ imported: 48_542_000_000n });
    expect(
      one(`${recordOf(odd, signer).replace('}|{"SA', '}| {"SA')}\r\n`, signer.publicKey).problems,
    ).toEqual([]);
  });

  it('has secp256r1 where it names no algorithm', () => {
    expect(
      one(recordOf(payload, signer, { algorithm: undefined }), signer.publicKey).signature,
    ).toMatchObject({
      state: 'valid',
      algorithm: 'ECDSA-secp256r1-SHA256',
    });
  });

  it('takes brainpool’s names with and without P, signatures in base64 and as two bare numbers', () => {
    const own = signerOf('brainpoolP256r1', 'brainpoolP256r1');
    expect(one(recordOf(payload, own), own.publicKey).signature?.state).toBe('valid');
    expect(one(recordOf(payload, signer, { encoding: 'base64' }), signer.publicKey).signature?.state).toBe(
      'valid',
    );
    const der = derOf(payload, signer);
    const numbers = numbersOf(der);
    expect(
      one(recordOf(payload, signer, {}, Buffer.from(numbers.join(''), 'hex')), signer.publicKey).signature
        ?.state,
    ).toBe('valid');
  });

  it('with a high s is as valid, and its low form is given for who takes only that', () => {
    let high = false;
    let low = false;
    for (let tries = 0; tries < 64 && !(high && low); tries++) {
      const der = derOf(payload, signer);
      const s = BigInt(`0x${numbersOf(der)[1]}`);
      const { signature } = one(recordOf(payload, signer, {}, der), signer.publicKey);
      expect(signature?.state).toBe('valid');
      if (s > ORDER / 2n) {
        high = true;
        const folded = Buffer.from(signature?.lowS ?? '', 'hex');
        expect(BigInt(`0x${numbersOf(folded)[1]}`)).toBe(ORDER - s);
        expect(one(recordOf(payload, signer, {}, folded), signer.publicKey).signature).toMatchObject({
          state: 'valid',
          lowS: undefined,
        });
      } else {
        low = true;
        expect(signature?.lowS).toBeUndefined();
      }
    }
    expect([high, low]).toEqual([true, true]);
  });

  it('is not checked without a key, and says so; its values are given', () => {
    expect(one(recordOf(payload, signer))).toMatchObject({
      imported: 48_542_000_000n,
      problems: [],
      signature: { state: 'unchecked', key: 'none', reason: 'there is no public key' },
    });
  });

  it('is invalid under a key of another curve, another kind, or none', () => {
    const other = signerOf('secp256k1', 'secp256k1');
    for (const key of [other.publicKey, 'no key!', 'abcd'])
      expect(one(recordOf(payload, signer), key).signature?.state).toBe('invalid');
  });

  it('takes a key as SubjectPublicKeyInfo, PEM or point, in hex with spaces or base64', () => {
    const bytes = Buffer.from(signer.publicKey, 'hex');
    const point = bytes.subarray(bytes.length - 64);
    for (const key of [
      signer.publicKey.toUpperCase().replaceAll(/(..)/g, '$1 '),
      bytes.toString('base64'),
      `-----BEGIN PUBLIC KEY-----\n${bytes.toString('base64')}\n-----END PUBLIC KEY-----`,
      point.toString('hex'),
      `04${point.toString('hex')}`,
    ])
      expect(one(recordOf(payload, signer), key).signature?.state).toBe('valid');
  });
});

const numbersOf = (der: Buffer): readonly [string, string] => {
  const take = (at: number): { readonly hex: string; readonly next: number } => {
    const size = der[at + 1] ?? 0;
    const hex = der
      .subarray(at + 2, at + 2 + size)
      .toString('hex')
      .replace(/^0+/, '');
    return { hex: hex.padStart(64, '0'), next: at + 2 + size };
  };
  const r = take(2);
  return [r.hex, take(r.next).hex];
};

describe('the readings of a record', () => {
  const readings = (...list: readonly string[]) =>
    read(recordOf(payloadOf(list.join(',')), signer), signer.publicKey);

  it('take over what the reading before says', () => {
    const [first, second] = readings(
      '{"TM":"2024-07-01T12:00:00,000+0200 S","TX":"B","RV":1.5,"RI":"1-0:1.8.0","RU":"kWh","ST":"G"}',
      '{"TM":"2024-07-01T12:15:00,000+0200 S","TX":"E","RV":2.25}',
    );
    expect([first?.imported, second?.imported]).toEqual([1_500_000_000n, 2_250_000_000n]);
  });

  it('keep the digits of a number as it is written', () => {
    const [reading] = readings(
      '{"TM":"2024-07-01T12:00:00,000+0200 S","RV":12345678.123456,"RI":"1-0:1.8.0","RU":"kWh","ST":"G"}',
    );
    expect(reading?.imported).toBe(12_345_678_123_456_000n);
  });

  it.each([
    ['1-0:1.8.0', 'imported'],
    ['1-b:1.8.e', 'imported'],
    ['1-0:1.8.0*198', 'imported'],
    ['01-00:B0.08.00*FF', 'imported'],
    ['01-00:B1.08.00*FF', 'imported'],
    ['1-0:2.8.0.FF', 'exported'],
    ['01-00:C0.08.00*FF', 'exported'],
    ['01-00:B2.08.00*FF', undefined],
    ['1-b:1.9.0', undefined],
    ['1-0:98.8.0.FF', undefined],
  ])('of %s are %s', (identification, register) => {
    const [reading] = readings(
      `{"TM":"2024-07-01T12:00:00,000+0200 S","RV":1.5,"RI":"${identification}","RU":"kWh","ST":"G"}`,
    );
    expect(reading?.imported).toBe(register === 'imported' ? 1_500_000_000n : undefined);
    expect(reading?.exported).toBe(register === 'exported' ? 1_500_000_000n : undefined);
  });

  it('are left out, and told, when the meter’s status or an error flag says so', () => {
    const [faulty] = readings(READING.replace('"ST":"G"', '"ST":"M"'));
    expect([faulty?.imported, problemsOf(faulty ?? one(''))]).toEqual([
      undefined,
      [expect.stringContaining('not G')],
    ]);
    const [energy] = readings(READING.replace('"EF":""', '"EF":"E"'));
    expect([energy?.imported, energy?.problems.length]).toEqual([undefined, 1]);
    const [time] = readings(READING.replace('"EF":""', '"EF":"t"'));
    expect([time?.at, time?.imported, time?.problems.length]).toEqual([undefined, 48_542_000_000n, 1]);
    const [exception] = readings(READING.replace('"TX":"B"', '"TX":"X"'));
    expect([exception?.at, exception?.imported, exception?.problems.length]).toEqual([
      undefined,
      undefined,
      1,
    ]);
  });

  it('say when the clock is not synchronised', () => {
    for (const [status, doubtful] of [
      ['S', undefined],
      ['R', undefined],
      ['I', true],
      ['U', true],
    ] as const)
      expect(readings(READING.replace('+0200 S', `+0200 ${status}`))[0]?.isClockDoubtful).toBe(doubtful);
  });
});

describe('a file', () => {
  const record = recordOf(payload, signer);

  it('of the transparency software brings its keys with it, which prove nothing about whose they are', () => {
    const readings = read(
      xmlOf(
        { record, key: signer.publicKey },
        { record: record.replace('48.542', '48.543'), key: signer.publicKey },
      ),
    );
    expect(readings.map(({ signature }) => [signature?.state, signature?.key])).toEqual([
      ['valid', 'of the file'],
      ['invalid', 'of the file'],
    ]);
    expect(readings[0]?.offset).toBeGreaterThan(0);
    expect(readings[1]?.offset).toBeGreaterThan(readings[0]?.offset ?? 0);
  });

  it('prefers the key of the settings to its own', () => {
    const other = signerOf('secp256r1', 'prime256v1');
    const forged = xmlOf({ record: recordOf(payload, other), key: other.publicKey });
    expect(one(forged, signer.publicKey).signature).toMatchObject({ state: 'invalid', key: 'given' });
  });

  it('may be lines of records, or JSON with records in its texts', () => {
    expect(read(`${record}\n${record}\n`).map(({ imported }) => imported)).toEqual([
      48_542_000_000n,
      48_542_000_000n,
    ]);
    const ocpp = JSON.stringify({
      meterValue: [{ sampledValue: [{ value: record, format: 'SignedData' }] }],
    });
    expect(one(ocpp, signer.publicKey)).toMatchObject({
      imported: 48_542_000_000n,
      signature: { state: 'valid' },
    });
  });

  it('that is cut off or holds something else is told', () => {
    expect(problemsOf(one(record.slice(0, 100)))[0]).toContain('no whole JSON object');
    expect(problemsOf(one(xmlOf({ record }).slice(0, 300)))[0]).toContain('XML');
    const [, rest] = read(`${record} and more`);
    expect(problemsOf(rest ?? one(''))).toEqual(['9 bytes that belong to no record']);
  });

  it('is written as JSON with its signature', () => {
    expect(JSON.parse(JSON.stringify(readingRecord(one(record, signer.publicKey))))).toMatchObject({
      import: 48_542,
      signature: { state: 'valid', key: 'given' },
      problems: [],
    });
  });
});
