import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Seconds } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { cardCheck } from '../../src/doctor/card.ts';
import { runChecks } from '../../src/doctor/check.ts';
import { isCard, unsaidReport, wearsCard } from '../../src/settings/card.ts';
import { scratch } from '../support/daisee.ts';

describe('a memory card', () => {
  it('is known by the device behind a folder, as the kernel names it', () => {
    const sys = scratch();
    mkdirSync(join(sys, 'dev/block'), { recursive: true });
    for (const [numbers, device] of [
      ['179:2', 'devices/platform/soc/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0/mmcblk0p2'],
      ['8:1', 'devices/pci0000:00/usb1/host0/block/sda/sda1'],
    ] as const) {
      mkdirSync(join(sys, device), { recursive: true });
      symlinkSync(join(sys, device), join(sys, 'dev/block', numbers));
    }
    expect(isCard(179 * 256 + 2, sys)).toBe(true);
    expect(isCard(8 * 256 + 1, sys)).toBe(false);
    expect(isCard(26, sys)).toBe(false); // a tmpfs
  });

  it('bears a report each quarter of an hour, which is what it gets where the settings leave it open', () => {
    const onCard = (path: string) => path.startsWith('/card');
    expect(unsaidReport(['/disk/books', '/card/samples'], onCard)).toBe(Seconds(900));
    expect(unsaidReport(['/disk/books'], onCard)).toBeUndefined();
    expect(wearsCard({}, ['/card/books'], onCard)).toBe(false);
    expect(wearsCard({ report: Seconds(60) }, ['/disk/books', '/card/samples'], onCard)).toBe(true);
    expect(wearsCard({ report: Seconds(900) }, ['/card/books'], onCard)).toBe(false);
    expect(wearsCard({ report: Seconds(60) }, ['/disk/books'], onCard)).toBe(false);
  });

  it('under a node that reports each minute is told by the doctor, with what to write into the settings', async () => {
    const found = (report: Duration | undefined, card: boolean) =>
      runChecks([cardCheck((report ? { report } : {}) as never, ['/books'], () => card)], Duration(20_000));
    expect(await found(Seconds(60), true)).toEqual([
      {
        name: 'disk',
        state: 'warning',
        text: 'the node keeps its data on a memory card and reports each 60 s, which writes more than 20 MB a day (50 to 110 at one a minute) and wears the card out',
        mend: 'take "report" out of the section node, or make it 15m: purchases and switches are reported at once all the same',
      },
    ]);
    expect(await found(Seconds(900), true)).toEqual([]);
    expect(await found(undefined, true)).toEqual([]);
    expect(await found(Seconds(60), false)).toEqual([]);
  });
});
