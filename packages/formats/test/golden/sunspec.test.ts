import { describe, expect, it } from 'vitest';
import { Registers, readModel } from '../../src/index.ts';
import { golden, goldenFolder } from './files.ts';

interface Point {
  readonly name: string;
  readonly size: number;
}
interface Model {
  readonly group: {
    readonly points: readonly Point[];
    readonly groups?: readonly { readonly name: string; readonly points: readonly Point[] }[];
  };
}

/** Registers of a model whose points have the values given, placed by the official description of the model. */
const filled = (
  id: number,
  values: Readonly<Record<string, readonly number[]>>,
  modules: readonly Readonly<Record<string, readonly number[]>>[] = [],
) => {
  const { group } = JSON.parse(golden(`sunspec/model_${id}.json`).toString('utf8')) as Model;
  const words: number[] = [];
  const put = (points: readonly Point[], of: Readonly<Record<string, readonly number[]>>): void => {
    for (const { name, size } of points) {
      const value = of[name] ?? [];
      for (let at = 0; at < size; at++) words.push((value[at] ?? 0) & 0xffff);
    }
  };
  put(group.points, { ...values, ID: [id] });
  for (const one of modules) put(group.groups?.[0]?.points ?? [], one);
  words[1] = words.length - 2;
  return readModel(new Registers(0, Uint16Array.from(words)), { id, address: 0, length: words.length - 2 });
};

describe.skipIf(goldenFolder === undefined)(
  'SunSpec’s own descriptions (left out unless DAISEE_GOLDEN is set)',
  () => {
    it('have the points of models 103, 160, 203 and 802 where they are read', () => {
      expect(
        filled(103, {
          W: [1234],
          W_SF: [-1],
          WH: [0, 77],
          WH_SF: [1],
          PhVphA: [2301],
          PhVphC: [2303],
          V_SF: [-1],
          AphB: [42],
          A_SF: [-1],
        }),
      ).toMatchObject({
        power: 123.4,
        exported: 770_000_000n,
        phases: [{ voltage: 230.1 }, { current: 4.2 }, { voltage: 230.3 }],
      });
      expect(
        filled(203, {
          W: [-50],
          WphA: [-10],
          WphC: [-30],
          W_SF: [1],
          TotWhExp: [1, 0],
          TotWhImp: [0, 9],
          TotWh_SF: [0],
          PhVphB: [2302],
          V_SF: [-1],
          AphA: [7],
          A_SF: [0],
        }),
      ).toMatchObject({
        power: -500,
        exported: 65_536_000_000n,
        imported: 9_000_000n,
        phases: [{ power: -100, current: 7 }, { voltage: 230.2 }, { power: -300 }],
      });
      expect(
        filled(160, { N: [2], DCW_SF: [0], DCWH_SF: [0] }, [
          { DCW: [100], DCWH: [0, 5] },
          { DCW: [50], DCWH: [0, 6] },
        ]),
      ).toMatchObject({
        power: 150,
        exported: 11_000_000n,
      });
      expect(filled(802, { SoC: [555], SoC_SF: [-1], W: [-900], W_SF: [0] })).toMatchObject({
        stateOfCharge: 55.5,
        power: -900,
      });
    });
  },
);
