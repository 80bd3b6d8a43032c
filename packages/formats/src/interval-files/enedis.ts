/**
 * Enedis' load curves. Values are mean watts (kilowatts in R4Q), never energy, unless the unit says so. Which end of its
 * interval a time is differs: meters of households (C5) are published with the end, those above 36 kVA (C4) with the
 * start. Seen in published examples of each flow; Enedis-NOI-… guides of the flows.
 */
import { type EnergyDirection, Instant, type Quality } from '@daisee/units';
import { LocalSequence, LocalZone } from '../local-time.ts';
import { childOf, childrenOf, everyElement, textAt, type XmlElement } from '../xml.ts';
import { durationOf, energyOf, instantOf, unitOf, wallOf } from './fields.ts';
import { stepsOf } from './steps.ts';
import { IntervalCollector, type IntervalFile, IntervalFileWrong, type Stamps } from './interval-file.ts';
import type { Row } from './text.ts';

const ZONE = 'Europe/Paris';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `B` brute, `R` real, `E` estimated, `C` corrected, `H`… reconstructed; a letter that is not known is told elsewhere. */
const QUALITIES: Readonly<Record<string, Quality>> = {
  B: 'measured',
  R: 'measured',
  H: 'substituted',
  P: 'substituted',
  S: 'substituted',
  T: 'substituted',
  F: 'substituted',
  G: 'substituted',
  C: 'substituted',
  K: 'substituted',
  D: 'estimated',
  E: 'estimated',
};

/**
 * Data Connect and its like: `{"meter_reading": {"usage_point_id", "reading_type", "interval_reading": […]}}`. Curves of
 * consumption and production have the same form: nothing in the file tells them apart.
 */
export const readEnedisJson = (document: unknown, direction: EnergyDirection = 'import'): IntervalFile => {
  const root = isObject(document) ? document : {};
  const reading = isObject(root['meter_reading']) ? root['meter_reading'] : root;
  const type = isObject(reading['reading_type']) ? reading['reading_type'] : {};
  const list = reading['interval_reading'];
  const point = typeof reading['usage_point_id'] === 'string' ? reading['usage_point_id'] : '';
  const unit = unitOf(typeof type['unit'] === 'string' ? type['unit'] : undefined);
  if (!Array.isArray(list) || point === '' || unit === undefined)
    throw new IntervalFileWrong(
      'a meter_reading that is none',
      'usage_point_id, reading_type.unit (W or Wh) and interval_reading',
    );
  const zone = new LocalZone(ZONE);
  const isDaily = unit.endsWith('Wh') && !list.some((one) => isObject(one) && 'interval_length' in one);
  const collector = new IntervalCollector('enedis-json', isDaily ? 'start' : 'end', zone);
  const sequence = new LocalSequence(zone);
  for (const [index, one] of (list as readonly unknown[]).entries()) {
    const where = `interval_reading[${index}]`;
    const date = isObject(one) && typeof one['date'] === 'string' ? one['date'] : '';
    const value = isObject(one) ? one['value'] : undefined;
    const wall = wallOf(date);
    if (wall === undefined)
      throw new IntervalFileWrong(
        `the date ${JSON.stringify(date)} in ${where}`,
        'a local time like 2024-02-26 00:30:00',
      );
    const length = isDaily
      ? undefined
      : durationOf(
          isObject(one) && typeof one['interval_length'] === 'string' ? one['interval_length'] : 'PT30M',
        );
    if (!isDaily && length === undefined)
      throw new IntervalFileWrong(`an interval_length that is none in ${where}`, 'a duration like PT30M');
    const at = sequence.next(wall, !isDaily);
    if (at === undefined) {
      collector.note(`${where}: the local time ${date} does not exist (the clock goes forward): left out`);
      continue;
    }
    const end = length === undefined ? (zone.instants(wall + DAY)[0] ?? Instant(at + DAY)) : at;
    const start = length === undefined ? at : Instant(at - length);
    const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
    const kind = isObject(one) && typeof one['measure_type'] === 'string' ? one['measure_type'] : 'B';
    collector.add({
      point,
      start,
      end,
      direction,
      energy: text === '' ? undefined : energyOf(text, unit, end - start, where),
      quality: QUALITIES[kind],
    });
  }
  return collector.finish();
};

/** R50: load curves of households on subscription, W, 30 minutes, the time is the end. */
export const readEnedisR50 = (root: XmlElement): IntervalFile => {
  const collector = new IntervalCollector('enedis-r50', 'end', new LocalZone(ZONE));
  const header = childOf(root, 'En_Tete_Flux');
  const step = Number(textAt(header, 'Pas_Publication') ?? '30') * MINUTE;
  const revision = instantOf(textAt(header, 'Date_Creation'));
  for (const prm of childrenOf(root, 'PRM')) {
    const point = textAt(prm, 'Id_PRM');
    if (point === undefined)
      throw new IntervalFileWrong('a PRM without Id_PRM', 'the identity of the point', prm.line);
    for (const data of childrenOf(prm, 'Donnees_Releve')) {
      const isInjected = /injection|INJ|PROD/i.test(
        textAt(data, 'Sens') ?? textAt(data, 'Grandeur_Metier') ?? '',
      );
      for (const value of childrenOf(data, 'PDC')) {
        const end = instantOf(textAt(value, 'H'));
        if (end === undefined)
          throw new IntervalFileWrong(
            `H ${JSON.stringify(textAt(value, 'H') ?? '')}`,
            'an instant with its offset',
            value.line,
          );
        const text = textAt(value, 'V');
        collector.add({
          point,
          start: Instant(end - step),
          end,
          direction: isInjected ? 'export' : 'import',
          energy: text === undefined ? undefined : energyOf(text, 'W', step, value.line),
          // Indice de vraisemblance: 0 plausible.
          quality: (textAt(value, 'IV') ?? '0') === '0' ? 'measured' : 'estimated',
          revision,
          line: value.line,
        });
      }
    }
  }
  return collector.finish();
};

/** R4x: load curves above 36 kVA, kW, 10 or 5 minutes, the time is the start. */
export const readEnedisR4 = (root: XmlElement): IntervalFile => {
  const collector = new IntervalCollector('enedis-r4q', 'start', new LocalZone(ZONE));
  const revision = instantOf(textAt(root, 'Entete', 'Date_Creation'));
  for (const body of childrenOf(root, 'Corps')) {
    const point = textAt(body, 'Identifiant_PRM');
    if (point === undefined)
      throw new IntervalFileWrong('a Corps without Identifiant_PRM', 'the identity of the point', body.line);
    for (const curve of childrenOf(body, 'Donnees_Courbe')) {
      const quantity = textAt(curve, 'Grandeur_Physique');
      if (quantity !== undefined && quantity !== 'EA') {
        collector.note(`a curve of ${quantity} is left out: only active energy (EA) is read`, curve.line);
        continue;
      }
      const step = Number(textAt(curve, 'Granularite') ?? '10') * MINUTE;
      const unit = unitOf(textAt(curve, 'Unite_Mesure') ?? 'kW');
      if (unit === undefined || !(step > 0))
        throw new IntervalFileWrong(
          'a curve without its unit or its step',
          'Unite_Mesure kW and Granularite 10',
          curve.line,
        );
      const direction = textAt(curve, 'Grandeur_Metier') === 'PROD' ? 'export' : 'import';
      for (const value of childrenOf(curve, 'Donnees_Point_Mesure')) {
        const start = instantOf(value.attributes['Horodatage']);
        if (start === undefined)
          throw new IntervalFileWrong(
            `Horodatage ${JSON.stringify(value.attributes['Horodatage'] ?? '')}`,
            'an instant with its offset',
            value.line,
          );
        const text = value.attributes['Valeur_Point']?.trim() ?? '';
        collector.add({
          point,
          start,
          end: Instant(start + step),
          direction,
          energy: text === '' ? undefined : energyOf(text, unit, step, value.line),
          quality: QUALITIES[value.attributes['Statut_Point'] ?? 'R'],
          revision,
          line: value.line,
        });
      }
    }
  }
  return collector.finish();
};

/** Whether the first local time of a curve is a day's first start or its first end. */
const stampsOf = (first: Instant, step: number, zone: LocalZone): Stamps | undefined => {
  const time = ((zone.wallClockAt(first) % DAY) + DAY) % DAY;
  return time === 0 ? 'start' : time === step ? 'end' : undefined;
};

/** ConsultationMesuresDetaillees (SGE web service): `mesure` or `points` with v, d, p, n under `grandeur`. */
export const readEnedisSge = (root: XmlElement): IntervalFile => {
  const zone = new LocalZone(ZONE);
  const quantities = [...everyElement(root, 'grandeur')];
  const found = quantities.flatMap((quantity) => {
    const points = quantity.children.filter((child) => childOf(child, 'd'));
    return points.length > 0 ? [{ quantity, points }] : [];
  });
  const sample = found[0]?.points ?? [];
  const times = sample.map((point) => instantOf(textAt(point, 'd')) ?? Number.NaN);
  const firstStep = durationOf(textAt(sample[0], 'p')) ?? (times[1] ?? Number.NaN) - (times[0] ?? Number.NaN);
  const stamps =
    stampsOf(Instant(times[0] ?? 0), firstStep, zone) ?? (firstStep <= 10 * MINUTE ? 'start' : 'end');
  const collector = new IntervalCollector('enedis-sge', stamps, zone);
  const point = [...everyElement(root, 'pointId')][0]?.text.trim() ?? '';
  for (const { quantity, points } of found) {
    const physical = textAt(quantity, 'grandeurPhysique');
    const unit = unitOf(textAt(quantity, 'unite'));
    if (unit === undefined || !['PA', 'EA'].includes(physical ?? '')) {
      collector.note(
        `${physical ?? 'a quantity'} is left out: only active power and energy (PA, EA) are read`,
        quantity.line,
      );
      continue;
    }
    const direction = textAt(quantity, 'grandeurMetier') === 'PROD' ? 'export' : 'import';
    const isDaily = unit.endsWith('Wh') && points.every((one) => childOf(one, 'p') === undefined);
    for (const [index, one] of points.entries()) {
      const at = instantOf(textAt(one, 'd'));
      const next = instantOf(textAt(points[index + 1], 'd'));
      const step = isDaily ? undefined : (durationOf(textAt(one, 'p')) ?? firstStep);
      if (at === undefined || !(step === undefined || step > 0))
        throw new IntervalFileWrong('a measure without its time or step', 'd and p', one.line);
      const wall = zone.wallClockAt(at);
      const [midnight = next ?? Instant(at + DAY)] = zone.instants(wall + DAY);
      const start = isDaily || stamps === 'start' ? at : Instant(at - (step ?? 0));
      const end = isDaily ? midnight : stamps === 'start' ? Instant(at + (step ?? 0)) : at;
      const text = textAt(one, 'v');
      collector.add({
        point,
        start,
        end,
        direction,
        energy: text === undefined ? undefined : energyOf(text, unit, end - start, one.line),
        quality: QUALITIES[textAt(one, 'n') ?? 'B'],
        line: one.line,
      });
    }
  }
  return collector.finish();
};

const HDM_HEADER = 'Identifiant PRM';

/** Whether rows are a history of measures (HDM). */
export const isHdm = (rows: readonly Row[]): boolean => rows[0]?.cells[0] === HDM_HEADER;

/**
 * HDM: the history of a point's load curve. The step is not given, and neither is C4's unit, which is W as well. Blocks
 * of several points may follow each other.
 */
export const readEnedisHdm = (rows: readonly Row[]): IntervalFile => {
  const zone = new LocalZone(ZONE);
  interface Block {
    readonly head: ReadonlyMap<string, string>;
    readonly line: number;
    readonly values: { readonly at: Instant; readonly text: string; readonly line: number }[];
  }
  const blocks: Block[] = [];
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index];
    if (!row) continue;
    if (row.cells[0] === HDM_HEADER) {
      const values = rows[index + 1]?.cells ?? [];
      blocks.push({
        head: new Map(row.cells.map((name, column) => [name.toLowerCase(), values[column] ?? ''])),
        line: row.line,
        values: [],
      });
      index += 1;
      continue;
    }
    const block = blocks.at(-1);
    if (row.cells[0] === 'Horodate') {
      if (row.cells[1] !== 'Valeur')
        throw new IntervalFileWrong(
          `the columns ${row.cells.slice(0, 3).join(', ')}`,
          'Horodate and Valeur of a load curve; an index is a register and no interval',
          row.line,
        );
      continue;
    }
    const at = instantOf(row.cells[0]);
    if (at === undefined || !block)
      throw new IntervalFileWrong(
        `${JSON.stringify(row.cells[0] ?? '')} as a time`,
        'an instant like 2021-01-07T01:00:00+01:00',
        row.line,
      );
    block.values.push({ at, text: row.cells[1] ?? '', line: row.line });
  }
  const kinds = blocks.map(({ values }) => {
    const steps = values.slice(1).map(({ at }, index) => at - (values[index]?.at ?? at));
    const shortest = Math.min(...steps.filter((step) => step > 0));
    return { shortest, steps };
  });
  const stamps: Stamps = (kinds[0]?.shortest ?? 0) <= 10 * MINUTE ? 'start' : 'end';
  const collector = new IntervalCollector('enedis-hdm', stamps, zone);
  for (const [number, { head, values, line }] of blocks.entries()) {
    const point = head.get('identifiant prm') ?? '';
    const own = (kinds[number]?.shortest ?? 0) <= 10 * MINUTE ? 'start' : 'end';
    const first = values[0]?.at;
    const shortest = kinds[number]?.shortest ?? 0;
    if (point === '' || first === undefined || !Number.isFinite(shortest)) {
      if (values.length > 0)
        throw new IntervalFileWrong(
          'a block without its point or step',
          'Identifiant PRM and two rows',
          line,
        );
      continue;
    }
    const unit = unitOf(head.get('unite') || 'W');
    if (unit === undefined)
      throw new IntervalFileWrong(`the unit ${JSON.stringify(head.get('unite'))}`, 'W or none', line);
    const isExport = /production|injection/i.test(head.get('grandeur metier') ?? '');
    const steps = stepsOf(
      values.map(({ at }) => at),
      own,
    );
    for (const [index, { at, text, line: at2 }] of values.entries()) {
      const step = steps[index] ?? shortest;
      const start = own === 'end' ? Instant(at - step) : at;
      const end = own === 'end' ? at : Instant(at + step);
      collector.add({
        point,
        start,
        end,
        direction: isExport ? 'export' : 'import',
        energy: text === '' ? undefined : energyOf(text, unit, step, at2),
        line: at2,
      });
    }
  }
  return collector.finish();
};
