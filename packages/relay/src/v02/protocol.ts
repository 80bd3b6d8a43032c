/**
 * The relay protocol of DAISEE v0.2: one request and one reply a connection, text without a terminator.
 *
 * `ReadDATA|0, 1` asks for channels and is answered `{0: False, 1: True}`; `{0: True, 1: True}` switches them and is
 * answered `True` or `False`. v0.2 read its orders with a YAML 1.1 parser, so flow and block maps and its words for
 * truth are accepted: `{0: yes, 1: off}`, or a line `0: 1` for each channel.
 */
import type { ChannelStates } from '../driver.ts';

/** The port of the v0.2 relay. */
export const RELAY_PORT = 15555;
/** The most that a request may have, in bytes: v0.2 read that much and no more. */
export const LONGEST_REQUEST = 255;

export type Request =
  | { readonly type: 'read'; readonly channels: readonly number[] }
  | { readonly type: 'order'; readonly changes: ChannelStates };

/**
 * What the text received so far amounts to:
 * - `whole`: a request with its end mark (a closing brace, or the end of a ReadDATA line);
 * - `open`: a request, if nothing follows; nothing in the protocol says whether something does;
 * - `part`: the beginning of a request;
 * - `garbage`: no request, whatever follows.
 */
export type Reception =
  | { readonly state: 'whole' | 'open'; readonly request: Request }
  | { readonly state: 'part' | 'garbage' };

const PART: Reception = { state: 'part' };
const GARBAGE: Reception = { state: 'garbage' };

/** YAML 1.1, section "bool" (https://yaml.org/type/bool.html) without y and n, as PyYAML has it, and Python's literals. */
const TRUTH = new Map<string, boolean>([
  ...['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', '1'].map(
    (word) => [word, true] as const,
  ),
  ...['false', 'False', 'FALSE', 'no', 'No', 'NO', 'off', 'Off', 'OFF', '0'].map(
    (word) => [word, false] as const,
  ),
]);

const READ = 'ReadDATA|';

const decodeRead = (list: string): Reception => {
  const [line = '', ...after] = list.split(/[\r\n]/);
  const ended = after.length > 0;
  if (after.some((rest) => rest.trim() !== '')) return GARBAGE;
  const items = line.split(',').map((item) => item.trim());
  if (items.every((item) => /^\d+$/.test(item)))
    return { state: ended ? 'whole' : 'open', request: { type: 'read', channels: items.map(Number) } };
  if (ended) return GARBAGE;
  const last = items.pop();
  return items.every((item) => /^\d+$/.test(item)) && (last === '' || /^\d+$/.test(last ?? ''))
    ? PART
    : GARBAGE;
};

/** Entries `channel: word`; undefined when one is none, or a channel comes twice (which of the two was meant?). */
const entries = (texts: readonly string[], pattern: RegExp): ChannelStates | undefined => {
  const changes = new Map<number, boolean>();
  for (const text of texts) {
    const [, channel, word = ''] = pattern.exec(text) ?? [];
    const on = TRUTH.get(word);
    if (channel === undefined || on === undefined || changes.has(Number(channel))) return undefined;
    changes.set(Number(channel), on);
  }
  return changes;
};

const decodeFlowMap = (text: string): Reception => {
  const end = text.indexOf('}');
  if (end < 0) return /^\{[\w:,\s]*$/.test(text) ? PART : GARBAGE;
  if (text.slice(end + 1).trim() !== '') return GARBAGE;
  const items = text.slice(1, end).split(',');
  if (items.at(-1)?.trim() === '') items.pop(); // `{}` and a comma before the brace, both allowed by Python and YAML
  const changes = entries(items, /^\s*(0|[1-9]\d*)\s*:\s*(\w+)\s*$/);
  return changes ? { state: 'whole', request: { type: 'order', changes } } : GARBAGE;
};

const decodeBlockMap = (text: string): Reception => {
  if (!/^[\w: \t\r\n]*$/.test(text)) return GARBAGE;
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  const indents = new Set(lines.map((line) => /^ */.exec(line)?.[0].length));
  const changes = entries(lines, /^ *(0|[1-9]\d*)[ \t]*:[ \t]+(\w+)[ \t]*$/);
  return changes && indents.size === 1 ? { state: 'open', request: { type: 'order', changes } } : PART;
};

/** Reads what was received so far; one character a byte (latin1), so that no byte is lost or joined to another. */
export const decode = (text: string): Reception => {
  if (text.length > LONGEST_REQUEST || /[^\t\r\n\x20-\x7e]/.test(text)) return GARBAGE;
  if (text.startsWith(READ)) return decodeRead(text.slice(READ.length));
  if (READ.startsWith(text)) return PART;
  const start = text.trimStart();
  if (start === '') return PART;
  if (start.startsWith('{')) return decodeFlowMap(start);
  return /^\d/.test(start) ? decodeBlockMap(text) : GARBAGE;
};

/** The request for channels, in their order: `ReadDATA|1, 0`. */
export const encodeRead = (channels: readonly number[]): string => `${READ}${channels.join(', ')}`;

/** States as Python writes a dictionary, in their order: `{0: False, 1: True}`. */
export const encodeStates = (states: ChannelStates): string =>
  `{${[...states].map(([channel, on]) => `${channel}: ${encodeTruth(on)}`).join(', ')}}`;

export const encodeTruth = (on: boolean): string => (on ? 'True' : 'False');

/** A reply read so far: states, `True`, `False`, or undefined when it is not (yet) one. */
export const decodeReply = (text: string): ChannelStates | boolean | undefined => {
  const reply = text.trim();
  if (reply === 'True' || reply === 'False') return reply === 'True';
  const reception = reply.startsWith('{') ? decodeFlowMap(reply) : GARBAGE;
  return 'request' in reception && reception.request.type === 'order' ? reception.request.changes : undefined;
};
