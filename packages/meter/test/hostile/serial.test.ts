import { hostile, hostileBytes, torn } from '@daisee/fuzz';
import { Instant } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { type LineFormat, LineReader } from '../../src/drivers/serial/lines.ts';

const LINES = '3.9800|87.50|12.34\r\n3.9801|87.51|-12.30\r\n0.42\r\n-999999.9999\r\n4.2000|255.00|0\r\n';

const pieces = fc.array(
  fc.oneof(
    torn(LINES, LINES.repeat(8)).map((text) => new Uint8Array(Buffer.from(text, 'latin1'))),
    hostileBytes,
  ),
  { minLength: 1, maxLength: 6 },
);

describe('bytes of a serial line', () => {
  hostile('are readings or garbage, in whatever pieces they come', {
    refuses: false,
    input: fc.tuple(fc.constantFrom<LineFormat>('auto', 'power', 'gauge'), pieces, fc.nat(7)),
    feed: ([format, packets, cut]) => {
      const reader = new LineReader(format, () => undefined);
      const whole = Buffer.concat(packets);
      const size = cut === 0 ? whole.length : cut;
      for (let at = 0; at < whole.length; at += Math.max(1, size))
        for (const { power, stateOfCharge, voltage } of reader.push(whole.subarray(at, at + size))) {
          expect(Math.abs(power)).toBeLessThan(1e6);
          expect(Instant(power)).toBe(power);
          if (format === 'gauge') expect(stateOfCharge).toBeDefined();
          if (stateOfCharge !== undefined) expect(voltage).toBeLessThan(10);
        }
    },
  });
});
