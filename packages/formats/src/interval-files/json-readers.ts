/** Operators' files in JSON: Datadis (Spain), Fluvius (Belgium), Energinet (Denmark), Fingrid (Finland). */
import { Instant, type Quality } from '@daisee/units';
import { LocalSequence, LocalZone } from '../local-time.ts';
import { durationOf, energyOf, instantOf, unitOf, wallOf } from './fields.ts';
import { IntervalCollector, type IntervalFile, IntervalFileWrong } from './interval-file.ts';

type Fields = Readonly<Record<string, unknown>>;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : [];
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';

/** Rows of a Datadis answer: a list, or below `response` or `timeCurve`. */
export const datadisRows = (document: unknown): readonly unknown[] => {
  const lists = [document, ...(isFields(document) ? Object.values(document) : [])].map(listOf);
  return lists.find(([first]) => isFields(first) && 'cups' in first && 'time' in first) ?? [];
};

/**
 * Datadis: hours named by their end, `01:00` to `24:00`, local time of the Peninsula unless told otherwise. The hour that
 * comes twice in autumn is there once.
 */
export const readDatadis = (rows: readonly unknown[], zoneName = 'Europe/Madrid'): IntervalFile => {
  const zone = new LocalZone(zoneName);
  const collector = new IntervalCollector('datadis', 'end', zone);
  const sequences = new Map<string, LocalSequence>();
  for (const [index, row] of rows.entries()) {
    const where = `row ${index + 1}`;
    if (!isFields(row))
      throw new IntervalFileWrong(`${where} that is no object`, 'cups, date, time and consumptionKWh');
    const point = textOf(row['cups']);
    const wall = wallOf(`${textOf(row['date'])} ${textOf(row['time'])}`);
    if (point === '' || wall === undefined)
      throw new IntervalFileWrong(
        `${where}: ${JSON.stringify(`${textOf(row['date'])} ${textOf(row['time'])}`)}`,
        'a cups, and a local time like 2023/12/01 24:00',
      );
    let sequence = sequences.get(point);
    if (!sequence) {
      sequence = new LocalSequence(zone);
      sequences.set(point, sequence);
    }
    const end = sequence.next(wall, true);
    if (end === undefined) {
      collector.note(
        `${where}: the local time ${textOf(row['date'])} ${textOf(row['time'])} does not exist: left out`,
      );
      continue;
    }
    const method = textOf(row['obtainMethod']).toLowerCase();
    const quality: Quality = method.startsWith('estim') ? 'estimated' : 'measured';
    const common = { point, start: Instant(end - HOUR), end, quality };
    const consumption = textOf(row['consumptionKWh']);
    const surplus = textOf(row['surplusEnergyKWh']);
    collector.add({
      ...common,
      direction: 'import',
      energy: consumption === '' ? undefined : energyOf(consumption, 'kWh', HOUR, where),
    });
    if (surplus !== '')
      collector.add({ ...common, direction: 'export', energy: energyOf(surplus, 'kWh', HOUR, where) });
  }
  return collector.finish();
};

const FLUVIUS_STATES: Readonly<Record<string, Quality>> = { READ: 'measured', EST: 'estimated' };

/** Fluvius: headpoint (EAN) and its physical meters; offtake and injection with start and end. */
export const readFluvius = (document: unknown): IntervalFile => {
  const root = isFields(document) ? document : {};
  const data = isFields(root['data']) ? root['data'] : {};
  const headpoint = isFields(data['headpoint']) ? data['headpoint'] : {};
  const meta = isFields(root['_meta']) ? root['_meta'] : {};
  const ean = textOf(headpoint['ean']);
  if (ean === '')
    throw new IntervalFileWrong(
      'a document without data.headpoint.ean',
      'an answer of Fluvius with its headpoint',
    );
  const collector = new IntervalCollector('fluvius', 'both', new LocalZone('Europe/Brussels'));
  const energyType = textOf(headpoint['energyType']);
  if (energyType !== '' && energyType !== 'E') {
    collector.note(`energyType ${energyType} is left out: only electricity (E) is read`);
    return collector.finish();
  }
  const revision = instantOf(textOf(meta['fetchTime']));
  const series = (holder: Fields): readonly unknown[] =>
    ['quarterHourlyEnergy', 'hourlyEnergy', 'dailyEnergy'].flatMap((name) => listOf(holder[name]));
  const take = (holder: Fields, point: string): number => {
    const all = series(holder);
    for (const [index, one] of all.entries()) {
      const fields = isFields(one) ? one : {};
      const start = instantOf(textOf(fields['start']));
      const end = instantOf(textOf(fields['end']));
      if (start === undefined || end === undefined)
        throw new IntervalFileWrong(
          `an interval ${index} of ${point} without its times`,
          'start and end with their offsets',
        );
      for (const measurement of listOf(fields['measurements']))
        for (const [name, direction] of [
          ['offtake', 'import'],
          ['injection', 'export'],
        ] as const) {
          const values = isFields(measurement) && isFields(measurement[name]) ? measurement[name] : {};
          const registers = ['total', 'day', 'night', 'exclusiveNight'].filter((key) =>
            isFields(values[key]),
          );
          // The total, or its tariffs; reactive energy is none.
          const chosen = registers.includes('total') ? ['total'] : registers;
          if (chosen.length === 0) continue;
          let energy = 0n;
          let quality: Quality = 'measured';
          let isBlank = false;
          for (const key of chosen) {
            const value = values[key] as Fields;
            const unit = unitOf(textOf(value['unit']));
            const text = textOf(value['value']);
            if (unit === undefined)
              throw new IntervalFileWrong(
                `the unit ${JSON.stringify(value['unit'] ?? null)} of ${point}`,
                'kWh',
              );
            if (text === '') isBlank = true;
            else energy += energyOf(text, unit, end - start, `interval ${index} of ${point}`);
            const state = FLUVIUS_STATES[textOf(value['validationState'])] ?? 'substituted';
            if (state !== 'measured') quality = state;
          }
          collector.add({
            point,
            start,
            end,
            direction,
            energy: isBlank ? undefined : (energy as FoundEnergy),
            quality,
            revision,
          });
        }
    }
    return all.length;
  };
  const own = take(headpoint, ean);
  const meters = listOf(headpoint['physicalMeters']).filter(isFields);
  if (own > 0 && meters.length > 0)
    collector.note(`${meters.length} physical meters are left out: the headpoint ${ean} has their sum`);
  else if (meters.length === 1 && meters[0]) take(meters[0], ean);
  else for (const meter of meters) take(meter, textOf(meter['meterID']) || ean);
  for (const sub of listOf(headpoint['subHeadpoints']).filter(isFields))
    collector.note(
      `the sub-headpoint ${textOf(sub['ean'])} (${textOf(sub['type'])}) is left out: it is behind the headpoint`,
    );
  return collector.finish();
};

type FoundEnergy = Parameters<IntervalCollector['add']>[0]['energy'];

/** Quality of Energinet's points: A04 as provided, A03 estimated, A01 adjusted, A05 incomplete, A02 not available. */
const ENERGINET_QUALITIES: Readonly<Record<string, Quality>> = {
  A01: 'substituted',
  A02: 'missing',
  A03: 'estimated',
  A04: 'measured',
  A05: 'estimated',
};

/** Energinet's MyEnergyData: points have positions in a period, the first is 1; days begin at local midnight. */
export const readEnerginet = (document: unknown): IntervalFile => {
  const zone = new LocalZone('Europe/Copenhagen');
  const collector = new IntervalCollector('energinet', 'start', zone);
  const results = listOf(isFields(document) ? document['result'] : document);
  for (const result of results.length > 0 ? results : [document]) {
    const answer = isFields(result) ? result : {};
    const market = isFields(answer['MyEnergyData_MarketDocument'])
      ? answer['MyEnergyData_MarketDocument']
      : undefined;
    if (!market) {
      const error = textOf(answer['errorText']);
      throw new IntervalFileWrong(
        error === '' ? 'a result without MyEnergyData_MarketDocument' : `the answer "${error}"`,
        'time series of MyEnergyData',
      );
    }
    const revision = instantOf(textOf(market['createdDateTime']));
    for (const series of listOf(market['TimeSeries'])) {
      const fields = isFields(series) ? series : {};
      const place = isFields(fields['MarketEvaluationPoint']) ? fields['MarketEvaluationPoint'] : {};
      const id = isFields(place['mRID']) ? textOf(place['mRID']['name']) : textOf(place['mRID']);
      const point = id || textOf(fields['mRID']);
      const unit = unitOf(textOf(fields['measurement_Unit.name']));
      if (point === '' || unit === undefined)
        throw new IntervalFileWrong(
          'a time series without its point or unit',
          'MarketEvaluationPoint and KWH',
        );
      // ebIX business types: A01 production, A04 consumption.
      const direction = textOf(fields['businessType']) === 'A01' ? 'export' : 'import';
      for (const period of listOf(fields['Period'])) {
        const part = isFields(period) ? period : {};
        const interval = isFields(part['timeInterval']) ? part['timeInterval'] : {};
        const start = instantOf(textOf(interval['start']));
        const resolution = textOf(part['resolution']);
        const step = /^(?:P1D|PT1D)$/.test(resolution) ? undefined : durationOf(resolution);
        if (start === undefined || (step === undefined && !/^(?:P1D|PT1D)$/.test(resolution)))
          throw new IntervalFileWrong(
            `a period of ${JSON.stringify(resolution)}`,
            'a start, and PT15M, PT1H or P1D',
          );
        const dayStart = (number: number): Instant =>
          zone.instants(zone.wallClockAt(start) + number * DAY)[0] ?? Instant(start + number * DAY);
        for (const one of listOf(part['Point'])) {
          const value = isFields(one) ? one : {};
          const position = Number(textOf(value['position']));
          if (!Number.isInteger(position) || position < 1 || position > 1e6)
            throw new IntervalFileWrong(
              `position ${JSON.stringify(value['position'] ?? null)}`,
              'positions from 1',
            );
          const from = step === undefined ? dayStart(position - 1) : Instant(start + (position - 1) * step);
          const to = step === undefined ? dayStart(position) : Instant(from + step);
          const text = textOf(value['out_Quantity.quantity']);
          const quality = ENERGINET_QUALITIES[textOf(value['out_Quantity.quality'])] ?? 'estimated';
          collector.add({
            point,
            start: from,
            end: to,
            direction,
            energy:
              text === '' || quality === 'missing'
                ? undefined
                : energyOf(text, unit, to - from, `position ${position} of ${point}`),
            quality,
            revision,
          });
        }
      }
    }
  }
  return collector.finish();
};

/** Fingrid Datahub: observations with their own start. */
export const readFingrid = (document: unknown): IntervalFile => {
  const collector = new IntervalCollector('fingrid', 'start', new LocalZone('Europe/Helsinki'));
  const root =
    isFields(document) && isFields(document['RetrieveTimeSeriesData'])
      ? document['RetrieveTimeSeriesData']
      : {};
  const header = isFields(root['Header']) ? root['Header'] : {};
  const transaction = isFields(root['Transaction']) ? root['Transaction'] : {};
  const revision = instantOf(textOf(header['Creation']));
  for (const series of listOf(transaction['TimeSeries'])) {
    const fields = isFields(series) ? series : {};
    const point = textOf(fields['MeteringPointEAN']);
    const unit = unitOf(textOf(fields['UnitType']));
    const step = durationOf(textOf(fields['ResolutionDuration']));
    if (point === '' || unit === undefined || step === undefined)
      throw new IntervalFileWrong(
        'a time series without its point, unit or resolution',
        'MeteringPointEAN, kWh and PT15M or PT1H',
      );
    // Reading types: BN01 consumption, BN02 production.
    const direction = textOf(fields['ReadingType']) === 'BN02' ? 'export' : 'import';
    for (const one of listOf(fields['Observations'])) {
      const value = isFields(one) ? one : {};
      const start = instantOf(textOf(value['PeriodStartTime']));
      if (start === undefined)
        throw new IntervalFileWrong(`an observation of ${point} without its time`, 'PeriodStartTime');
      const text = textOf(value['Quantity']);
      const quality = textOf(value['Quality']);
      collector.add({
        point,
        start,
        end: Instant(start + step),
        direction,
        energy: text === '' ? undefined : energyOf(text, unit, step, point),
        quality: quality === 'OK' || quality === '' ? 'measured' : 'estimated',
        revision,
      });
    }
  }
  return collector.finish();
};
