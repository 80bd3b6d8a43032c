/** Operators' files: which it is, found by what it holds, and the intervals in it. */
import { everyElement, parseXml, type XmlElement } from '../xml.ts';
import { headerOf, readAtDso } from './at-dso.ts';
import { type ColumnsOptions, readColumns } from './columns.ts';
import { readConsumptionRecord, readEcmpList } from './eda.ts';
import {
  isHdm,
  readEnedisHdm,
  readEnedisJson,
  readEnedisR4,
  readEnedisR50,
  readEnedisSge,
} from './enedis.ts';
import { readGreenButton } from './green-button.ts';
import { type IntervalFile, type IntervalFormat, IntervalFileWrong } from './interval-file.ts';
import {
  datadisRows,
  isFields,
  readDatadis,
  readEnerginet,
  readFingrid,
  readFluvius,
} from './json-readers.ts';
import { readSdat } from './sdat.ts';
import { jsonOf, rowsOf, textOf } from './text.ts';

export interface IntervalReadOptions extends ColumnsOptions {
  /** Undefined: found by what the file holds. */
  readonly format?: IntervalFormat | undefined;
}

export const INTERVAL_FORMATS: readonly IntervalFormat[] = [
  'enedis-json',
  'enedis-r50',
  'enedis-r4q',
  'enedis-sge',
  'enedis-hdm',
  'eda',
  'at-dso',
  'sdat',
  'datadis',
  'fluvius',
  'energinet',
  'fingrid',
  'green-button',
  'columns',
];

type XmlReader = (root: XmlElement) => IntervalFile;

/** By the name of the root, or of an element that only this document has. */
const XML_READERS: readonly (readonly [IntervalFormat, string, XmlReader])[] = [
  ['enedis-r50', 'R50', readEnedisR50],
  ['enedis-r4q', 'Courbe', readEnedisR4],
  ['eda', 'ConsumptionRecord', readConsumptionRecord],
  ['eda', 'ECMPList', readEcmpList],
  ['sdat', 'ValidatedMeteredData_16', readSdat],
  ['green-button', 'feed', readGreenButton],
];

const KNOWN =
  'a file of Enedis (Data Connect, R50, R4Q, HDM), EDA, an Austrian operator’s portal, SDAT E66, Datadis, Fluvius, Energinet, Fingrid or Green Button, or a table with --columns';

const readXml = (text: string, format: IntervalFormat | undefined): IntervalFile => {
  const root = parseXml(text.trimStart());
  const reader = XML_READERS.find(([, name]) => root.name === name);
  if (reader) {
    const [found, , read] = reader;
    if (format === undefined || format === found) return read(root);
  } else if (
    /consulterMesuresDetaillees|consultationMesuresDetaillees/i.test(root.name) ||
    [...everyElement(root, 'grandeur')].length > 0
  )
    return readEnedisSge(root);
  if (root.name === 'AggregatedMeteredData_13')
    throw new IntervalFileWrong(
      'SDAT E31, sums of a whole community',
      'E66 documents, which are of one point',
      root.line,
    );
  throw new IntervalFileWrong(
    `an XML document <${root.name}>`,
    format === undefined ? KNOWN : `a file of ${format}`,
    root.line,
  );
};

const readJson = (text: string, options: IntervalReadOptions): IntervalFile => {
  const document = jsonOf(text);
  const is = (format: IntervalFormat, looks: boolean): boolean =>
    options.format === undefined ? looks : options.format === format;
  const root = isFields(document) ? document : {};
  const rows = datadisRows(document);
  if (is('datadis', rows.length > 0)) return readDatadis(rows, options.zone);
  if (is('enedis-json', 'meter_reading' in root || 'interval_reading' in root))
    return readEnedisJson(document, options.direction);
  if (is('fluvius', isFields(root['data']) && 'headpoint' in root['data'])) return readFluvius(document);
  if (is('fingrid', 'RetrieveTimeSeriesData' in root)) return readFingrid(document);
  if (is('energinet', 'result' in root || 'MyEnergyData_MarketDocument' in root))
    return readEnerginet(document);
  throw new IntervalFileWrong(
    `a JSON document with ${Object.keys(root).slice(0, 5).join(', ') || 'no such fields'}`,
    options.format === undefined ? KNOWN : `a file of ${options.format}`,
  );
};

/**
 * Reads a file whole, or nothing of it.
 * @throws IntervalFileWrong, XmlMalformed, ZoneUnknown
 */
export const readIntervalFile = (bytes: Uint8Array, options: IntervalReadOptions = {}): IntervalFile => {
  const text = textOf(bytes);
  const start = text.trimStart().slice(0, 1);
  if (start === '') throw new IntervalFileWrong('an empty file', KNOWN);
  if (start === '<') return readXml(text, options.format);
  if (start === '{' || start === '[') return readJson(text, options);
  const rows = rowsOf(text);
  const { format } = options;
  if (format === 'enedis-hdm' || (format === undefined && isHdm(rows))) return readEnedisHdm(rows);
  if (options.columns === undefined && (format === undefined || format === 'at-dso')) {
    const header = headerOf(rows);
    if (header >= 0) return readAtDso(rows, header, options);
    if (format === 'at-dso')
      throw new IntervalFileWrong(
        'no header of an Austrian portal',
        'a row with words like Messzeitpunkt and Verbrauch',
      );
  }
  if (format !== undefined && format !== 'columns')
    throw new IntervalFileWrong('a table', `a file of ${format}`);
  return readColumns(rows, options);
};
