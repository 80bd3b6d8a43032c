/**
 * Green Button (NAESB REQ.21 ESPI): an Atom feed of usage points, meter readings, reading types and interval blocks that
 * are linked by their addresses. Times are Unix seconds of the interval's start; a value is in units of
 * 10^powerOfTenMultiplier watt-hours (uom 72) or, as mean power, watts (38).
 */
import { Energy, Instant, type Quality } from '@daisee/units';
import { childOf, childrenOf, everyElement, textAt, type XmlElement } from '../xml.ts';
import { energyOf } from './fields.ts';
import { IntervalCollector, type IntervalFile, IntervalFileWrong } from './interval-file.ts';

const ELECTRICITY = '1';
const UNITS: Readonly<Record<string, 'Wh' | 'W'>> = { 72: 'Wh', 38: 'W' };
const FORWARD = '1';
const REVERSE = '19';
/** Quality of a reading (ESPI QualityOfReading). */
const QUALITIES: Readonly<Record<string, Quality>> = {
  7: 'substituted',
  8: 'estimated',
  9: 'estimated',
  10: 'estimated',
  11: 'substituted',
  12: 'estimated',
  13: 'estimated',
  15: 'substituted',
};

interface Entry {
  readonly element: XmlElement;
  readonly self: string;
  readonly up: string;
  readonly related: readonly string[];
  readonly updated: string | undefined;
}

const CONTENTS = ['UsagePoint', 'MeterReading', 'ReadingType', 'IntervalBlock'] as const;
type Content = (typeof CONTENTS)[number];

const entriesOf = (feed: XmlElement): Readonly<Record<Content, readonly Entry[]>> => {
  const found: Record<Content, Entry[]> = {
    UsagePoint: [],
    MeterReading: [],
    ReadingType: [],
    IntervalBlock: [],
  };
  for (const entry of everyElement(feed, 'entry')) {
    const links = childrenOf(entry, 'link');
    const href = (rel: string): readonly string[] =>
      links
        .filter(({ attributes }) => attributes['rel'] === rel)
        .map(({ attributes }) => (attributes['href'] ?? '').replace(/\/$/, ''));
    const content = childOf(entry, 'content');
    for (const name of CONTENTS)
      for (const element of childrenOf(content, name))
        found[name].push({
          element,
          self: href('self')[0] ?? '',
          up: href('up')[0] ?? '',
          related: href('related'),
          updated: textAt(entry, 'updated'),
        });
  }
  return found;
};

/** Reads a feed. */
export const readGreenButton = (feed: XmlElement): IntervalFile => {
  const collector = new IntervalCollector('green-button', 'start');
  const { UsagePoint, MeterReading, ReadingType, IntervalBlock } = entriesOf(feed);
  for (const block of IntervalBlock) {
    // A block is below its meter reading, whose related links name the list of blocks and the reading type.
    const reading =
      MeterReading.find(
        ({ self, related }) => related.includes(block.up) || (self !== '' && block.up.startsWith(`${self}/`)),
      ) ?? (MeterReading.length === 1 ? MeterReading[0] : undefined);
    const type =
      ReadingType.find(({ self }) => self !== '' && reading?.related.includes(self)) ??
      (ReadingType.length === 1 ? ReadingType[0] : undefined);
    const usage =
      UsagePoint.find(
        ({ self, related }) =>
          self !== '' &&
          (reading?.self.startsWith(`${self}/`) ||
            reading?.related.includes(self) ||
            related.includes(reading?.up ?? '-')),
      ) ?? (UsagePoint.length === 1 ? UsagePoint[0] : undefined);
    if (!type)
      throw new IntervalFileWrong(
        'an IntervalBlock without its ReadingType',
        'links from MeterReading to both',
        block.element.line,
      );
    const commodity = textAt(type.element, 'commodity') ?? ELECTRICITY;
    const unit = UNITS[textAt(type.element, 'uom') ?? ''];
    const flow = textAt(type.element, 'flowDirection') ?? FORWARD;
    const kind = textAt(usage?.element, 'ServiceCategory', 'kind') ?? '0';
    if (
      kind !== '0' ||
      !['0', ELECTRICITY, '2'].includes(commodity) ||
      unit === undefined ||
      ![FORWARD, REVERSE, '0', '4'].includes(flow)
    ) {
      collector.note(
        `readings of service ${kind}, commodity ${commodity}, unit ${textAt(type.element, 'uom') ?? 'none'}, flow ${flow} are left out: only electric energy delivered (1), received (19) or net (4) is read`,
        type.element.line,
      );
      continue;
    }
    const multiplier = Number(textAt(type.element, 'powerOfTenMultiplier') ?? '0');
    if (!Number.isInteger(multiplier) || Math.abs(multiplier) > 12)
      throw new IntervalFileWrong(
        `powerOfTenMultiplier ${textAt(type.element, 'powerOfTenMultiplier')}`,
        'a power of ten like -3',
        type.element.line,
      );
    const point = (usage?.self.split('/').at(-1) ?? reading?.self.split('/').at(-1)) || 'usage point';
    for (const value of childrenOf(block.element, 'IntervalReading')) {
      const start = Number(textAt(value, 'timePeriod', 'start'));
      const duration = Number(
        textAt(value, 'timePeriod', 'duration') ?? textAt(type.element, 'intervalLength'),
      );
      if (!Number.isSafeInteger(start) || !Number.isSafeInteger(duration) || start < 0 || start > 1e11)
        throw new IntervalFileWrong(
          'an IntervalReading without its time',
          'start and duration in seconds',
          value.line,
        );
      if (duration <= 0) {
        collector.note('readings of no length are left out', value.line);
        continue;
      }
      const text = textAt(value, 'value');
      const amount =
        text === undefined ? undefined : energyOf(`${text}e${multiplier}`, unit, duration * 1000, value.line);
      const isNegative = amount !== undefined && amount < 0n;
      const size = amount === undefined ? undefined : Energy(isNegative ? 0n - amount : amount);
      const quality = textAt(value, 'ReadingQuality', 'quality') ?? textAt(value, 'ReadingQuality');
      collector.add({
        point,
        start: Instant(start * 1000),
        end: Instant((start + duration) * 1000),
        // Net: below zero is what was received.
        direction: flow === REVERSE || isNegative ? 'export' : 'import',
        energy: size,
        quality: QUALITIES[quality ?? ''] ?? 'measured',
        revision: block.updated === undefined ? undefined : revisionOf(block.updated),
        line: value.line,
      });
    }
  }
  return collector.finish();
};

const revisionOf = (text: string): Instant | undefined => {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Instant(at);
};
