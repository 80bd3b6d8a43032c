/**
 * Austrian market messages (ebutilities.at, customer processes): ConsumptionRecord 01p31 to 01p41 and ECMPList. Meter
 * codes as eegfaktura documents them: `G.01` a consumer's whole consumption or a producer's production, `G.01T` the same
 * times its participation factor, `G.02` the theoretical share, `G.03` what is covered, `P.01` what is left over.
 */
import type { EnergyDirection, Measure, Quality } from '@daisee/units';
import { childrenOf, everyElement, textAt, type XmlElement } from '../xml.ts';
import { energyOf, instantOf, unitOf } from './fields.ts';
import { IntervalCollector, type IntervalFile, IntervalFileWrong } from './interval-file.ts';

const METHODS: Readonly<Record<string, Quality>> = { L1: 'measured', L2: 'substituted', L3: 'estimated' };

interface Code {
  readonly direction: EnergyDirection;
  readonly measure: Measure | 'residual';
  /** Times the participation factor. */
  readonly isPart: boolean;
}

/** `1-1:2.9.0 G.03R` → what it is; undefined for a code that is none of these. */
const codeOf = (text: string): Code | undefined => {
  const match = /^1-1:(1|2)\.(?:8|9|29)\.0\s+([GP])\.(0[123])([A-Z]?)$/.exec(text.trim());
  if (!match) return undefined;
  const [, quantity, letter, number, suffix = ''] = match;
  const direction = quantity === '2' ? 'export' : 'import';
  const isPart = suffix === 'T';
  if (letter === 'P') return { direction, measure: direction === 'export' ? 'surplus' : 'residual', isPart };
  if (number === '01') return { direction, measure: 'metered', isPart };
  // Shares and covers are a consumer's, though their code says 2.9.0.
  return { direction: 'import', measure: number === '02' ? 'share' : 'covered', isPart };
};

/** Reads a ConsumptionRecord. */
export const readConsumptionRecord = (root: XmlElement): IntervalFile => {
  const collector = new IntervalCollector('eda', 'both');
  const created = [...everyElement(root, 'DocumentCreationDateTime')][0]?.text;
  const revision = instantOf(created);
  for (const process of everyElement(root, 'ProcessDirectory')) {
    const point = textAt(process, 'MeteringPoint');
    if (point === undefined)
      throw new IntervalFileWrong(
        'a ProcessDirectory without MeteringPoint',
        'the identity of the point',
        process.line,
      );
    for (const energy of childrenOf(process, 'Energy')) {
      const series = childrenOf(energy, 'EnergyData').map((data) => ({
        data,
        name: data.attributes['MeterCode'] ?? '',
        code: codeOf(data.attributes['MeterCode'] ?? ''),
      }));
      const has = (measure: string, direction: EnergyDirection, isPart: boolean): boolean =>
        series.some(
          ({ code }) => code?.measure === measure && code.direction === direction && code.isPart === isPart,
        );
      for (const { data, name, code } of series) {
        const unit = unitOf(data.attributes['UOM']);
        if (!code) {
          collector.note(`the meter code ${JSON.stringify(name)} is not known: left out`, data.line);
          continue;
        }
        if (unit === undefined || unit.endsWith('W'))
          throw new IntervalFileWrong(
            `the unit ${JSON.stringify(data.attributes['UOM'] ?? '')}`,
            'KWH',
            data.line,
          );
        const { direction, isPart } = code;
        const hasWhole = has('metered', direction, false) || has('metered', direction, true);
        // Alone, P.01 is the point's whole: no community takes part of it.
        const measure = !hasWhole && name.includes('P.01') ? 'metered' : code.measure;
        if (measure === 'residual') {
          collector.note(
            `${name} is left out: what is left for the grid is the consumption less what is covered`,
            data.line,
          );
          continue;
        }
        if (isPart && has(code.measure, direction, false)) {
          collector.note(
            `${name} is left out: it is the same without T times the participation factor`,
            data.line,
          );
          continue;
        }
        for (const value of childrenOf(data, 'EP')) {
          const start = instantOf(textAt(value, 'DTF'));
          const end = instantOf(textAt(value, 'DTT'));
          if (start === undefined || end === undefined)
            throw new IntervalFileWrong(
              'an EP without its times',
              'DTF and DTT with their offsets',
              value.line,
            );
          const text = textAt(value, 'BQ');
          collector.add({
            point,
            start,
            end,
            direction,
            measure,
            energy: text === undefined ? undefined : energyOf(text, unit, end - start, value.line),
            quality: METHODS[textAt(value, 'MM') ?? 'L1'] ?? 'estimated',
            revision,
            line: value.line,
          });
        }
      }
    }
  }
  return collector.finish();
};

const DATE = /^\d{4}-\d\d-\d\d$/;
/** Both mean that the end is open. */
const OPEN = new Set(['2099-12-31', '9999-12-31']);

const dayAfter = (date: string): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

/** Reads an ECMPList: who belongs to a community, from when to when. */
export const readEcmpList = (root: XmlElement): IntervalFile => {
  const collector = new IntervalCollector('eda', 'both');
  for (const process of everyElement(root, 'ProcessDirectory')) {
    const community = textAt(process, 'ECID') ?? '';
    const model = textAt(process, 'ECDisModel');
    for (const list of childrenOf(process, 'MPListData')) {
      const point = textAt(list, 'MeteringPoint');
      if (point === undefined)
        throw new IntervalFileWrong(
          'MPListData without MeteringPoint',
          'the identity of the point',
          list.line,
        );
      for (const window of childrenOf(list, 'MPTimeData')) {
        const from = textAt(window, 'DateFrom') ?? '';
        const to = textAt(window, 'DateTo') ?? '';
        if (!DATE.test(from) || !DATE.test(to))
          throw new IntervalFileWrong('a window without its dates', 'DateFrom and DateTo', window.line);
        const factor = textAt(window, 'ECPartFact');
        collector.member({
          point,
          community,
          from,
          until: OPEN.has(to) ? undefined : dayAfter(to),
          direction: textAt(window, 'EnergyDirection') === 'GENERATION' ? 'export' : 'import',
          factor: factor === undefined ? undefined : Number(factor),
          share: textAt(window, 'ECShare'),
          model: model === 'S' ? 'static' : model === 'D' ? 'dynamic' : undefined,
        });
      }
    }
  }
  return collector.finish();
};
