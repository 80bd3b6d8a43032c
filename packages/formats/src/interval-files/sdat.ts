/**
 * Swiss SDAT E66, ValidatedMeteredData 1.6 (namespace http://www.strom.ch): observations have no times, only a sequence
 * from the block's start. Products: 8716867000030 the whole, 2404050010123 from or to the community (LEG), 2404050010124
 * from or to the grid.
 */
import { Instant, type Measure, type Quality } from '@daisee/units';
import { childOf, childrenOf, everyElement, textAt, type XmlElement } from '../xml.ts';
import { energyOf, instantOf, unitOf } from './fields.ts';
import { IntervalCollector, type IntervalFile, IntervalFileWrong } from './interval-file.ts';

const WHOLE = '8716867000030';
const COMMUNITY = '2404050010123';
const GRID = '2404050010124';
/** Conditions of an observation (ebIX): 21 temporary, 56 estimated. */
const CONDITIONS: Readonly<Record<string, Quality>> = { 21: 'estimated', 56: 'estimated' };
const UNITS: Readonly<Record<string, number>> = { SEC: 1000, MIN: 60_000, HUR: 3_600_000, DAY: 86_400_000 };

/** Reads an E66 document. */
export const readSdat = (root: XmlElement): IntervalFile => {
  const collector = new IntervalCollector('sdat', 'start');
  const revision = instantOf([...everyElement(root, 'Creation')][0]?.text);
  for (const block of everyElement(root, 'MeteringData')) {
    const consumption = childOf(block, 'ConsumptionMeteringPoint');
    const production = childOf(block, 'ProductionMeteringPoint');
    const place = consumption ?? production;
    const point = textAt(place, 'VSENationalID') ?? textAt(place, 'ID') ?? place?.text.trim();
    if (!point)
      throw new IntervalFileWrong(
        'a block without a metering point',
        'ConsumptionMeteringPoint or ProductionMeteringPoint',
        block.line,
      );
    const direction = consumption ? 'import' : 'export';
    const start = instantOf(textAt(block, 'Interval', 'StartDateTime'));
    const end = instantOf(textAt(block, 'Interval', 'EndDateTime'));
    const step =
      Number(textAt(block, 'Resolution', 'Resolution')) *
      (UNITS[textAt(block, 'Resolution', 'Unit') ?? 'MIN'] ?? Number.NaN);
    if (start === undefined || !(step > 0))
      throw new IntervalFileWrong(
        'a block without its start or resolution',
        'StartDateTime and Resolution 15 MIN',
        block.line,
      );
    const product = childOf(block, 'Product');
    const unit = unitOf(textAt(product, 'MeasureUnit'));
    if (unit === undefined)
      throw new IntervalFileWrong(
        `the unit ${JSON.stringify(textAt(product, 'MeasureUnit') ?? '')}`,
        'KWH',
        block.line,
      );
    const code = childOf(product, 'ID')?.children[0]?.text.trim() ?? childOf(product, 'ID')?.text.trim();
    const measure = measureOf(code, direction);
    if (measure === undefined) {
      collector.note(
        `${code ?? 'a block without product'} of ${point} (${direction}) is left out: it follows from the others`,
        block.line,
        'product',
      );
      continue;
    }
    const seen = new Set<number>();
    for (const observation of childrenOf(block, 'Observation')) {
      const sequence = Number(textAt(observation, 'Position', 'Sequence'));
      if (!Number.isInteger(sequence) || sequence < 1 || seen.has(sequence))
        throw new IntervalFileWrong(
          seen.has(sequence)
            ? `sequence ${sequence} twice in one block`
            : 'an observation without its sequence',
          'sequences 1, 2, 3…, each once',
          observation.line,
        );
      seen.add(sequence);
      const at = Instant(start + (sequence - 1) * step);
      if (end !== undefined && at >= end)
        throw new IntervalFileWrong(
          `sequence ${sequence} after the block's end`,
          'observations inside the interval',
          observation.line,
        );
      const text = textAt(observation, 'Volume');
      const condition = textAt(observation, 'Condition');
      collector.add({
        point,
        start: at,
        end: Instant(at + step),
        direction,
        measure,
        energy: text === undefined ? undefined : energyOf(text, unit, step, observation.line),
        quality: condition === undefined ? 'measured' : (CONDITIONS[condition] ?? 'substituted'),
        revision,
        line: observation.line,
      });
    }
  }
  return collector.finish();
};

const measureOf = (code: string | undefined, direction: 'import' | 'export'): Measure | undefined => {
  if (code === WHOLE) return 'metered';
  if (code === COMMUNITY && direction === 'import') return 'covered';
  return code === GRID && direction === 'export' ? 'surplus' : undefined;
};
