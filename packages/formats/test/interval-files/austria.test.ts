import { describe, expect, it } from 'vitest';
import { countOf, lines, readText } from '../made/intervals.ts';
import { consumptionRecord, ecmpList, localTimes } from '../made/operators.ts';

const quarter = (from: string, to: string, value: string, method?: string) =>
  [`2024-04-01T${from}:00+02:00`, `2024-04-01T${to}:00+02:00`, value, method] as const;

describe('EDA ConsumptionRecord', () => {
  it('has consumption, share and covered energy of a consumer', () => {
    const file = readText(
      consumptionRecord([
        { code: '1-1:1.9.0 G.01T', values: [quarter('00:00', '00:15', '0.250000')] },
        { code: '1-1:2.9.0 G.02', values: [quarter('00:00', '00:15', '1.500000')] },
        { code: '1-1:2.9.0 G.03R', values: [quarter('00:00', '00:15', '0.250000')] },
      ]),
    );
    expect(file.intervals.map(({ direction, measure, energy }) => [direction, measure, energy])).toEqual([
      ['import', 'covered', 250_000_000n],
      ['import', 'metered', 250_000_000n],
      ['import', 'share', 1_500_000_000n],
    ]);
    expect(file.intervals[0]?.revision).toBe(Date.parse('2024-04-03T05:52:15Z'));
  });

  it('has production and surplus of a producer; P.01 alone is the whole', () => {
    const values = [quarter('12:00', '12:15', '0.5')];
    const both = readText(
      consumptionRecord([
        { code: '1-1:2.9.0 G.01T', values: [quarter('12:00', '12:15', '2')] },
        { code: '1-1:2.9.0 P.01T', values },
      ]),
    );
    expect(both.intervals.map(({ direction, measure, energy }) => [direction, measure, energy])).toEqual([
      ['export', 'metered', 2_000_000_000n],
      ['export', 'surplus', 500_000_000n],
    ]);
    for (const version of ['01p31', '01p40', '01p41'])
      expect(lines(consumptionRecord([{ code: '1-1:2.9.0 P.01', values }], version))).toEqual([
        ['2024-04-01T10:00Z', 15, null, 500_000_000, 'measured'],
      ]);
  });

  it('leaves out what follows from others: the residual, and G.01T beside G.01', () => {
    const values = [quarter('00:00', '00:15', '1')];
    const file = readText(
      consumptionRecord([
        { code: '1-1:1.9.0 G.01', values: [quarter('00:00', '00:15', '2')] },
        { code: '1-1:1.9.0 G.01T', values },
        { code: '1-1:1.9.0 P.01', values },
        { code: '1-1:9.9.0 X.99', values },
      ]),
    );
    expect(file.intervals.map(({ measure, energy }) => [measure, energy])).toEqual([
      ['metered', 2_000_000_000n],
    ]);
    expect(file.notes).toHaveLength(3);
  });

  it('tells measured, substituted and estimated values apart, and a later record of a quarter counts', () => {
    const file = readText(
      consumptionRecord([
        {
          code: '1-1:1.9.0 P.01',
          values: [
            quarter('00:00', '00:15', '0.1', 'L3'),
            quarter('00:15', '00:30', '0.2', 'L2'),
            quarter('00:00', '00:15', '0.11', 'L1'),
          ],
        },
      ]),
    );
    expect(file.intervals.map(({ energy, quality }) => [energy, quality])).toEqual([
      [110_000_000n, 'measured'],
      [200_000_000n, 'substituted'],
    ]);
    expect(file.corrected).toBe(1);
  });

  it('that is cut off or has a value below zero is refused whole', () => {
    const record = consumptionRecord([{ code: '1-1:1.9.0 P.01', values: [quarter('00:00', '00:15', '-1')] }]);
    expect(() => readText(record)).toThrow('below zero');
    expect(() => readText(record.slice(0, 700))).toThrow('cut off');
  });
});

describe('EDA ECMPList', () => {
  it('has windows, the open end written in two ways, the last day inclusive', () => {
    const { memberships } = readText(
      ecmpList([
        ['2025-10-06', '9999-12-31', '100'],
        ['2025-07-01', '2025-10-05', '50'],
        ['2024-01-01', '2099-12-31', '1'],
      ]),
    );
    expect(memberships.map(({ from, until, factor }) => [from, until, factor])).toEqual([
      ['2025-10-06', undefined, 100],
      ['2025-07-01', '2025-10-06', 50],
      ['2024-01-01', undefined, 1],
    ]);
    expect(memberships[0]).toMatchObject({ direction: 'export', model: 'static', share: '12.3400' });
  });
});

describe('portals of Austrian operators', () => {
  const noe = (rows: readonly string[]) =>
    `\ufeffMesszeitpunkt;Verbrauch (kWh);Qualität;\n${rows.join('\n')}\n`;

  it('Netz NÖ: the time is the end, and 00:00 belongs to the day before', () => {
    expect(lines(noe(['01.01.2024 23:45;0,5;G;', '02.01.2024 00:00;1,25;L2;']))).toEqual([
      ['2024-01-01T22:30Z', 15, 500_000_000, null, 'measured'],
      ['2024-01-01T22:45Z', 15, 1_250_000_000, null, 'substituted'],
    ]);
  });

  it('Netz NÖ of a community: consumption, share and covered energy, later than the consumption', () => {
    const file = readText(
      '\ufeffMesszeitpunkt;Verbrauch (kWh);Restnetzbezug (kWh);Eigendeckung (kWh);Ideeller Anteil (kWh);Eigendeckung erneuerb. Energie (kWh);\n01.01.2024 12:00;0,461000;0,361000;0,100000;0,100000;;\n01.01.2024 12:15;0,383000;;;;;\n',
    );
    expect(file.intervals.map(({ measure, energy, quality }) => [measure, energy, quality])).toEqual([
      ['covered', 100_000_000n, 'measured'],
      ['covered', undefined, 'missing'],
      ['metered', 461_000_000n, 'measured'],
      ['metered', 383_000_000n, 'measured'],
      ['share', 100_000_000n, 'measured'],
      ['share', undefined, 'missing'],
    ]);
  });

  it('Wiener Netze: date, from and to; the repeated hour is written in a row', () => {
    const times = localTimes(15, { twice: 2 });
    const rows = times.map(
      (time, index) => `29.10.2023;${time}:00;${times[index + 1] ?? '00:00'}:00;0,069;;`,
    );
    const text = `\ufeffDatum;Zeit von;Zeit bis;Haus - AT0010000000000000001000012345678 - Verbrauch [kWh];;\n${rows.join('\n')}\n`;
    expect(countOf(text)).toBe(100);
    expect(readText(text).intervals[0]?.point).toBe('AT0010000000000000001000012345678');
    const spring = localTimes(15, { skip: 2 });
    const missing = spring.map(
      (time, index) =>
        `26.03.2023;${time}:00;${time === '01:45' ? '02:00' : (spring[index + 1] ?? '00:00')}:00;0,1`,
    );
    expect(countOf(`Datum;Zeit von;Zeit bis;Verbrauch [kWh]\n${missing.join('\n')}\n`)).toBe(92);
  });

  it('Wiener Netze: ends with their offset', () => {
    expect(
      lines(
        '\ufeffEnde Ablesezeitraum;Messintervall;Abrechnungsmaßeinheit;Wohnung - AT0010000000000000001000000000000 (0) - Einspeiser [kWh]\n2024-01-01T00:15+01:00;QH;KWH;0,017\n2024-01-01T00:30+01:00;QH;KWH;0,015\n',
      ),
    ).toEqual([
      ['2023-12-31T23:00Z', 15, null, 17_000_000, 'measured'],
      ['2023-12-31T23:15Z', 15, null, 15_000_000, 'measured'],
    ]);
  });

  it('Kärnten: Latin-1, words above the table, the time is the start', () => {
    const text =
      'Kundennummer;1\nKundenname;X\nZP-Nummer;AT0070000000000000000000000000001\nEnergierichtung;Einspeisung\n\nDatum;Zeit;kWh;Status\n16.11.2023;00:00:00;0,025;Der Wert ist gültig\n16.11.2023;00:15:00;0,024;Der Wert ist fraglich\n';
    expect(lines(Buffer.from(text, 'latin1'))).toEqual([
      ['2023-11-15T23:00Z', 15, null, 25_000_000, 'measured'],
      ['2023-11-15T23:15Z', 15, null, 24_000_000, 'estimated'],
    ]);
  });

  it('Vorarlberg: UTF-16 without a mark; Tirol: ends a second early, days beside quarters', () => {
    const vorarlberg =
      'Vertragskonto;1\r\nZählpunkt;AT0060000000000000000000000000001\r\n\r\nBeginn der Messreihe;Ende der Messreihe;Messwert in kWh\r\n15.08.2023 00:00;15.08.2023 00:15;0,089\r\n';
    expect(lines(Buffer.from(vorarlberg, 'utf16le'))).toEqual([
      ['2023-08-14T22:00Z', 15, 89_000_000, null, 'measured'],
    ]);
    const tirol = [
      'Adresse [AT0050000000000000000000000012345];;;Adresse [AT0050000000000000000000000012345];;',
      'kWh;;;kWh;;',
      'DATE_FROM;DATE_TO;VALUE;DATE_FROM;DATE_TO;VALUE',
      '01.11.2023 00:00:00;01.11.2023 23:59:59;1,577;01.11.2023 00:00:00;01.11.2023 00:14:59;0,039',
      '02.11.2023 00:00;02.11.2023 23:59;2,903;01.11.2023 00:15;01.11.2023 00:29;0,035',
    ].join('\n');
    const file = readText(tirol);
    expect(file.intervals.map(({ length, energy }) => [length / 60_000, energy])).toEqual([
      [15, 39_000_000n],
      [15, 35_000_000n],
      [1440, 2_903_000_000n],
    ]);
    expect(file.notes.map(({ note }) => note).join()).toContain('longer intervals are left out');
  });

  it('Graz: a blank value beside its register is the register’s difference; what contradicts is told', () => {
    const file = readText(
      [
        'Ablesezeitpunkt;Zaehlerstand Gesamt - 1.8.0;Verbrauch Gesamt - 1.8.0;Status Gesamt - 1.8.0;Zaehlerstand Hochtarif - 1.8.1;Verbrauch Hochtarif - 1.8.1;Status Hochtarif - 1.8.1',
        '2026-03-29T01:30:00.000+01:00;11795,458;;;;;',
        '2026-03-29T01:45:00.000+01:00;11795,49;0,032;VAL;;;',
        '2026-03-29T03:00:00.000+02:00;11795,509;;;;;',
        '2026-03-29T03:15:00.000+02:00;11795,538;0,929;VAL;;;',
      ].join('\n'),
    );
    expect(file.intervals.map(({ energy, quality }) => [energy, quality])).toEqual([
      [32_000_000n, 'measured'],
      [19_000_000n, 'measured'],
      [929_000_000n, 'measured'],
    ]);
    expect(file.notes.map(({ note }) => note)).toEqual([
      'the file names no metering point: it is called "unknown" (give --point)',
      expect.stringContaining('taken from the register'),
      expect.stringContaining('contradict'),
    ]);
  });

  it('is refused where the rows do not tell what their times are, and read when told', () => {
    const rows = ['01.01.2024 00:00;0,1;kWh', '01.01.2024 00:15;0,2;kWh', '01.01.2024 00:30;0,3;kWh'];
    const text = `Zählpunkt;DatumUhrzeit;Verbrauch;Einheit\n${rows.map((row) => `AT0071000902000000000000940539901;${row}`).join('\n')}\n`;
    expect(() => readText(text)).toThrow('--stamps');
    expect(lines(text, { stamps: 'start' })[0]?.[0]).toBe('2023-12-31T23:00Z');
    expect(lines(text, { stamps: 'end' })[0]?.[0]).toBe('2023-12-31T22:45Z');
  });

  it('orders rows that are sorted as text', () => {
    const file = readText(
      '"Datum","AT0051000602000000000000000000000 ab 29.02.2024 23:30"\n"01.03.2024 00:00","0.015"\n"29.02.2024 23:30","0.019"\n"29.02.2024 23:45","0.025"\n',
    );
    expect(file.intervals.map(({ energy }) => energy)).toEqual([19_000_000n, 25_000_000n, 15_000_000n]);
    expect(file.stamps).toBe('end');
  });
});
