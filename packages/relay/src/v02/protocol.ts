/**
 * The relay protocol of DAISEE v0.2: one request and one reply a connection, text without a terminator.
 *
 * `ReadDATA|0, 1` asks for channels and is answered `{0: False, 1: True}`; `{0: True, 1: True}` switches them and is
 * answered `True` or `False`. v0.2 read its orders with PyYAML, so flow and block maps and its words for truth are
 * accepted: `{0: yes, 1: off}`, or a line `0: 1` for each channel. What PyYAML refuses is refused: a tab, a colon
 * without a space after it (`{0:True}` is a map of the text "0:True"), a colon on another line than its channel.
 */
import { DaiseeError } from '@daisee/units';
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
 * - `garbage`: no request, whatever follows; `problem` says why.
 */
export type Reception =
  | { readonly state: 'whole' | 'open'; readonly request: Request }
  | { readonly state: 'part' }
  | { readonly state: 'garbage'; readonly problem: string };

const PART: Reception = { state: 'part' };
const garbage = (problem: string): Reception => ({ state: 'garbage', problem });
const GARBAGE = garbage('is none of the protocol');
const TAB = garbage('has a tab, which YAML refuses');

/** The most of an unreadable request that is repeated, in characters. */
const SHOWN = 80;

/** Anything received, in a line that no terminal acts on. */
const quoted = (text: string): string => {
  const printable = JSON.stringify(text.slice(0, SHOWN)).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > SHOWN ? `${printable}…` : printable;
};

/** A request of which `decode` made nothing: it is answered `False`, and this is what is told of it. */
export class UnreadableRequest extends DaiseeError {
  constructor(text: string, problem: string) {
    const request = quoted(text);
    super({
      code: 'relay.unreadable-request',
      message: `The request ${request} ${problem}; nothing was changed. A request is like "ReadDATA|0, 1" or "{0: True, 1: True}".`,
      retryable: false,
      values: { request, problem },
    });
  }
}

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

/** Entries `channel: word`; a string says what is wrong. A channel may come twice with the same word. */
const entries = (texts: readonly string[], pattern: RegExp): ChannelStates | string => {
  const changes = new Map<number, boolean>();
  for (const text of texts) {
    const [, digits, word = ''] = pattern.exec(text) ?? [];
    const on = TRUTH.get(word);
    if (digits === undefined || on === undefined)
      return `has ${quoted(text.trim())} where a channel and its state are expected`;
    const channel = Number(digits);
    if (changes.get(channel) === !on) return `switches channel ${channel} on and off at once`;
    changes.set(channel, on);
  }
  return changes;
};

const order = (state: 'whole' | 'open', changes: ChannelStates): Reception => ({
  state,
  request: { type: 'order', changes },
});

/** The colon stands on the line of its channel and has a space or an end of line after it. */
const FLOW_ENTRY = /^[ \r\n]*(0|[1-9]\d*) *:[ \r\n]+(\w+)[ \r\n]*$/;
const BLOCK_ENTRY = /^ *(0|[1-9]\d*) *: +(\w+) *$/;

const decodeFlowMap = (text: string): Reception => {
  const end = text.indexOf('}');
  if (end < 0) return /^\{[\w:, \r\n]*$/.test(text) ? PART : GARBAGE;
  if (text.slice(end + 1).trim() !== '') return GARBAGE;
  const items = text.slice(1, end).split(',');
  if (items.at(-1)?.trim() === '') items.pop(); // `{}` and a comma before the brace, both allowed by Python and YAML
  const changes = entries(items, FLOW_ENTRY);
  return typeof changes === 'string' ? garbage(changes) : order('whole', changes);
};

const decodeBlockMap = (text: string): Reception => {
  if (!/^[\w: \r\n]*$/.test(text)) return GARBAGE;
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  const indents = new Set(lines.map((line) => /^ */.exec(line)?.[0].length));
  const changes = entries(lines, BLOCK_ENTRY);
  return typeof changes !== 'string' && indents.size === 1 ? order('open', changes) : PART;
};

/** Reads what was received so far; one character a byte (latin1), so that no byte is lost or joined to another. */
export const decode = (text: string): Reception => {
  if (text.length > LONGEST_REQUEST) return garbage(`has more than ${LONGEST_REQUEST} bytes`);
  if (/[^\t\r\n\x20-\x7e]/.test(text)) return GARBAGE;
  if (text.startsWith(READ)) return decodeRead(text.slice(READ.length));
  if (READ.startsWith(text)) return PART;
  if (text.includes('\t')) return TAB;
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
