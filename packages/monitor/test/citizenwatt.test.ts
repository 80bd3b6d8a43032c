/** The CitizenWatt API on the embedded store, and its JSON. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float } from '../src/http/citizenwatt/json.ts';
import { openStore } from '../src/index.ts';
import type { OpenedStore } from './citizenwatt-harness.ts';
import { citizenWattSuite } from './citizenwatt-suite.ts';
import { citizenWattTariffSuite } from './citizenwatt-tariffs.ts';

const open = async (): Promise<OpenedStore> => {
  const store = openStore({ file: ':memory:' });
  return { store, dispose: async () => store.close() };
};
citizenWattSuite('the CitizenWatt API on SQLite', open);
citizenWattTariffSuite('the CitizenWatt API on SQLite', open);

describe('the JSON of the CitizenWatt API', () => {
  it('writes every float so that it reads back as the same number and shows that it is one', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(JSON.parse(float(value))).toBe(value + 0);
        expect(float(value)).toMatch(/[.e]/);
      }),
    );
    expect([194, 0, -0, 0.000432, 4.5124e-5, 1e16, 123456.75].map(float)).toEqual([
      '194.0',
      '0.0',
      '0.0',
      '0.000432',
      '4.5124e-05',
      '1e+16',
      '123456.75',
    ]);
  });
});
