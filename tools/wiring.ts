/**
 * Draws the wiring diagrams of docs/hardware.md. `npm run hardware:wiring` writes them to docs/pictures; a test compares
 * what is there with what this draws.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** The relay's channels: the BCM pins of v0.2, and where they are on the 40-pin header. */
const CHANNELS = [
  { gpio: 17, pin: 11 },
  { gpio: 18, pin: 12 },
  { gpio: 27, pin: 13 },
  { gpio: 22, pin: 15 },
] as const;

type Point = readonly [x: number, y: number];
type Anchor = 'start' | 'middle' | 'end';

const STYLE = `
    text { fill: #1a202c; } .small { font-size: 12px; fill: #4a5568; } .head { font-weight: 600; }
    .title { font-weight: 600; font-size: 17px; } .loud { font-weight: 600; fill: #9b2c2c; }
    .box { fill: #ffffff; stroke: #1f4e5f; stroke-width: 1.6; } .node { fill: #eef6f3; stroke: #7aa89a; stroke-dasharray: 5 4; }
    .plus { stroke: #c4501b; stroke-width: 3; fill: none; } .signal { stroke: #2b6cb0; stroke-width: 1.6; fill: none; }
    .ground { stroke: #2d3748; stroke-width: 1.6; fill: none; } .dot { fill: #c4501b; }
    .terminal { fill: #ffffff; stroke: #1f4e5f; stroke-width: 1.6; } .arm { stroke: #1f4e5f; stroke-width: 3; fill: none; }
    .coil { fill: #f7fafc; stroke: #1f4e5f; stroke-width: 1.2; } .fuse { fill: #fffaf0; stroke: #c4501b; stroke-width: 2; }`;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const text = (x: number, y: number, words: string, kind = '', anchor: Anchor = 'start'): string =>
  `<text x="${x}" y="${y}"${kind && ` class="${kind}"`}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escaped(words)}</text>`;

const lines = (x: number, y: number, words: readonly string[], anchor: Anchor = 'start'): string =>
  words.map((line, at) => text(x, y + at * 17, line, 'small', anchor)).join('');

const box = (x: number, y: number, width: number, height: number, kind = 'box', radius = 8): string =>
  `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`;

const wire = (kind: 'plus' | 'signal' | 'ground', ...points: readonly Point[]): string =>
  `<path class="${kind}" d="M${points.map(([x, y]) => `${x} ${y}`).join('L')}"/>`;

const terminal = (x: number, y: number): string => `<circle class="terminal" cx="${x}" cy="${y}" r="5"/>`;
const joint = (x: number, y: number): string => `<circle class="dot" cx="${x}" cy="${y}" r="4.5"/>`;

/** Earth of the drawing: all of these are one wire. */
const ground = (x: number, y: number): string =>
  wire('ground', [x, y], [x, y + 10]) +
  wire('ground', [x - 11, y + 10], [x + 11, y + 10]) +
  wire('ground', [x - 7, y + 15], [x + 7, y + 15]) +
  wire('ground', [x - 3, y + 20], [x + 3, y + 20]);

const fuse = (x: number, y: number, name: string): string =>
  `<rect class="fuse" x="${x}" y="${y - 9}" width="46" height="18" rx="4"/>${wire('plus', [x, y], [x + 46, y])}` +
  text(x + 23, y - 14, name, 'small', 'middle');

const part = (
  x: number,
  y: number,
  width: number,
  height: number,
  title: string,
  notes: readonly string[],
): string => box(x, y, width, height) + text(x + 14, y + 23, title, 'head') + lines(x + 14, y + 42, notes);

const drawing = (width: number, height: number, title: string, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14">
  <title>${escaped(title)}</title>
  <style>${STYLE}
  </style>
  <rect width="${width}" height="${height}" fill="#fbfdfc"/>
  ${text(28, 36, title, 'title')}
  ${parts.join('\n  ')}
</svg>
`;

/** Where the contacts of a channel are drawn; the first two are wired. */
const contactRows = [
  { nc: 130, com: 162, no: 194 },
  { no: 238, com: 270, nc: 302 },
] as const;

const channel = (at: 0 | 1, use: string): string => {
  const { nc, com, no } = contactRows[at];
  const [x, right] = [560, 700];
  return [
    box(380, com - 46, 330, 92, 'coil'),
    text(394, com - 18, `channel ${at}`, 'head'),
    lines(394, com + 2, [`IN${at + 1}`, use]),
    box(500, com - 12, 34, 24, 'coil', 3),
    text(517, com + 5, 'coil', 'small', 'middle'),
    // At rest the arm lies on the normally closed contact.
    wire('plus', [x + 12, com], [x + 26, com]),
    `<path class="arm" d="M${x + 26} ${com}L${right - 62} ${nc}"/>`,
    wire('plus', [right - 58, nc], [right, nc]),
    wire('plus', [right - 58, no], [right, no]),
    // The arm's own terminal is on its left, led out below the coil to the right edge.
    `<path class="plus" d="M${x + 12} ${com}L${x + 12} ${com + (no > nc ? 16 : -16)}L${right - 40} ${com + (no > nc ? 16 : -16)}L${right - 40} ${com}L${right} ${com}"/>`,
    ...[nc, no].map((y) => terminal(right - 58, y)),
    terminal(x + 26, com),
    ...(['NC', 'COM', 'NO'] as const).map((name) => {
      const y = { NC: nc, COM: com, NO: no }[name];
      return terminal(right, y) + text(right - 8, y - 7, name, 'small', 'end');
    }),
  ].join('');
};

const relayWiring = (): string => {
  const [first, second] = contactRows;
  return drawing(1240, 640, 'The relay board: everything at rest, each node on its own source', [
    // Raspberry Pi
    part(28, 70, 230, 330, 'Raspberry Pi of the relay', ['pin of the 40-pin header']),
    ...[
      { y: 162, words: `pin ${CHANNELS[0].pin} · GPIO ${CHANNELS[0].gpio}` },
      { y: 270, words: `pin ${CHANNELS[1].pin} · GPIO ${CHANNELS[1].gpio}` },
      { y: 330, words: 'pin 2 · 5 V' },
      { y: 356, words: 'pin 1 · 3.3 V' },
      { y: 382, words: 'pin 6 · ground' },
    ].map(({ y, words }) => text(246, y + 5, words, '', 'end') + terminal(258, y)),
    // Board
    box(366, 70, 344, 420, 'box'),
    text(380, 96, 'Relay board with optocouplers', 'head'),
    channel(0, 'own source'),
    channel(1, 'Node 2'),
    wire('signal', [263, 162], [380, 162]),
    wire('signal', [263, 270], [380, 270]),
    wire('signal', [263, 330], [366, 330]),
    wire('signal', [263, 356], [366, 356]),
    wire('ground', [263, 382], [366, 382]),
    text(380, 335, 'JD-VCC: the coils'),
    text(380, 361, 'VCC: the optocouplers'),
    text(380, 387, 'GND'),
    lines(380, 420, [
      `channel 2: IN3, GPIO ${CHANNELS[2].gpio}, pin ${CHANNELS[2].pin}, free`,
      `channel 3: IN4, GPIO ${CHANNELS[3].gpio}, pin ${CHANNELS[3].pin}, free`,
      'for a second seller: COM to its source,',
      'NO to the joint below NO of channel 0',
    ]),
    // Node 1
    box(850, 70, 362, 232, 'node', 14),
    text(866, 94, 'Node 1, consumer', 'head'),
    wire('plus', [705, first.nc], [880, first.nc]),
    fuse(880, first.nc, 'F1'),
    wire('plus', [926, first.nc], [1040, first.nc]),
    part(1040, 104, 156, 62, 'battery', ['MAX17043 gauge']),
    ground(1118, 166),
    wire('plus', [705, first.com], [740, first.com], [740, 236], [1040, 236]),
    part(866, 205, 136, 62, 'meter', ['ACS712 / INA219']),
    wire('plus', [1002, 236], [1040, 236]),
    part(1040, 205, 156, 62, 'load', ['fed through COM']),
    ground(1118, 267),
    // The way from the seller to the load
    wire('plus', [705, first.no], [724, first.no], [724, second.no], [705, second.no]),
    joint(724, 216),
    // Node 2
    box(850, 326, 362, 290, 'node', 14),
    text(866, 350, 'Node 2, producer and seller', 'head'),
    wire('plus', [705, second.com], [768, second.com], [768, 396], [880, 396]),
    fuse(880, 396, 'F2'),
    wire('plus', [926, 396], [1040, 396]),
    part(1040, 366, 156, 62, 'battery', ['Node 2’s source']),
    ground(1118, 428),
    wire('plus', [986, 396], [986, 470], [1040, 470]),
    joint(986, 396),
    part(1040, 452, 156, 44, 'own load', []),
    fuse(990, 470, 'F3'),
    // The panel's energy goes through its meter into the battery
    part(1040, 530, 156, 62, 'solar panel', ['charge controller']),
    part(880, 530, 120, 62, 'meter', ['INA219']),
    wire('plus', [1040, 561], [1000, 561]),
    wire('plus', [880, 561], [866, 561], [866, 500], [880, 500]),
    fuse(880, 500, 'F4'),
    wire('plus', [926, 500], [960, 500], [960, 396]),
    joint(960, 396),
    // What to keep in mind
    lines(28, 440, [
      'NC normally closed, NO normally open, COM the arm.',
      'Orange: plus. All ground signs are one wire: minus of',
      'every source and load.',
    ]),
    text(28, 516, 'F1 to F4: a fuse beside the plus of each source,', 'loud'),
    text(28, 536, 'no larger than its thinnest wire and contact bear.', 'loud'),
    lines(28, 566, [
      'The load hangs on the arm of channel 0, which touches its own source or the joint, never both.',
      'From the seller: channel 0 on (own source off), then channel 1 on: {0: True, 1: True}.',
      'NC of channel 1 stays empty.',
    ]),
  ]);
};

const pins = (x: number, right: boolean, names: readonly (readonly [y: number, name: string])[]): string =>
  names
    .map(
      ([y, name]) => terminal(x, y) + text(x + (right ? -12 : 12), y + 5, name, '', right ? 'end' : 'start'),
    )
    .join('');

const sensorWiring = (): string =>
  drawing(1240, 640, 'The sensors: on a Raspberry Pi’s own I²C bus, or on an Arduino', [
    // Raspberry Pi with INA219 and MAX17043
    text(28, 76, 'INA219 and MAX17043 on the Raspberry Pi of the node', 'head'),
    box(28, 92, 210, 190),
    text(42, 115, 'Raspberry Pi', 'head'),
    pins(238, true, [
      [140, 'pin 1 · 3.3 V'],
      [170, 'pin 3 · GPIO 2, SDA'],
      [200, 'pin 5 · GPIO 3, SCL'],
      [250, 'pin 9 · ground'],
    ]),
    box(400, 92, 150, 190),
    text(475, 115, 'INA219', 'head', 'middle'),
    pins(400, false, [
      [140, 'VCC'],
      [170, 'SDA'],
      [200, 'SCL'],
      [250, 'GND'],
    ]),
    pins(550, true, [
      [140, 'VIN+'],
      [170, 'VIN-'],
    ]),
    ...[140, 170, 200].map((y) => wire('signal', [243, y], [395, y])),
    wire('ground', [243, 250], [395, 250]),
    lines(414, 226, ['at 0x40']),
    wire('plus', [555, 140], [640, 140]),
    part(640, 106, 156, 62, 'source, plus', ['behind its fuse']),
    wire('plus', [555, 170], [600, 170], [600, 214], [640, 214]),
    part(640, 184, 156, 62, 'load, plus', ['or relay contact']),
    box(900, 92, 150, 190),
    text(975, 115, 'MAX17043', 'head', 'middle'),
    pins(900, false, [
      [140, 'SDA'],
      [170, 'SCL'],
      [200, 'CELL+'],
      [250, 'GND'],
    ]),
    wire('signal', [300, 170], [300, 306], [860, 306], [860, 140], [895, 140]),
    wire('signal', [330, 200], [330, 290], [844, 290], [844, 170], [895, 170]),
    wire('plus', [895, 200], [876, 200], [876, 340], [1118, 340], [1118, 246]),
    wire('ground', [270, 250], [270, 322], [884, 322], [884, 250], [895, 250]),
    part(1082, 184, 130, 62, 'one LiPo cell', ['minus to GND']),
    lines(1064, 130, ['at 0x36; it is fed by', 'the cell']),
    lines(28, 350, [
      'Current from VIN+ to VIN- counts positive.',
      'VIN- at most 26 V over ground, 3.2 A with 0.1 ohm.',
    ]),
    // Arduino
    text(28, 396, 'ACS712 and MAX17043 on an Arduino Uno or Nano', 'head'),
    part(28, 412, 150, 62, 'Raspberry Pi', ['/dev/serial/by-id/…']),
    wire('signal', [178, 443], [250, 443]),
    text(214, 436, 'USB', 'small', 'middle'),
    box(250, 412, 190, 200),
    text(264, 435, 'Arduino', 'head'),
    pins(440, true, [
      [440, '5 V'],
      [468, 'A0'],
      [496, 'A1'],
      [524, 'A4, SDA'],
      [552, 'A5, SCL'],
      [590, 'GND'],
    ]),
    lines(264, 510, ['D2 to GND at a', 'reset: measures', 'the zero']),
    box(560, 404, 150, 86),
    text(635, 423, 'ACS712', 'head', 'middle'),
    pins(560, false, [
      [440, 'VCC'],
      [468, 'OUT'],
    ]),
    pins(710, true, [
      [440, 'IP+'],
      [468, 'IP-'],
    ]),
    wire('signal', [445, 440], [555, 440]),
    wire('signal', [445, 468], [555, 468]),
    wire('plus', [715, 440], [780, 440]),
    part(780, 404, 130, 48, 'source, plus', []),
    wire('plus', [715, 468], [746, 468], [746, 496], [780, 496]),
    part(780, 472, 130, 48, 'load, plus', []),
    // Divider
    wire('signal', [445, 496], [520, 496], [520, 540], [600, 540]),
    `<rect class="coil" x="610" y="531" width="80" height="18" rx="3"/>`,
    text(650, 566, 'R1 30 kΩ', 'small', 'middle'),
    wire('plus', [690, 540], [746, 540], [746, 496]),
    joint(746, 496),
    wire('signal', [600, 540], [610, 540]),
    wire('signal', [540, 540], [540, 552]),
    `<rect class="coil" x="531" y="552" width="18" height="30" rx="3"/>`,
    text(556, 586, 'R2 7.5 kΩ', 'small'),
    wire('ground', [540, 582], [540, 590]),
    lines(780, 552, ['minus of source and load', 'to GND as well']),
    wire('ground', [445, 590], [980, 590], [980, 560]),
    wire('signal', [445, 524], [484, 524], [484, 624], [960, 624], [960, 440], [1000, 440]),
    wire('signal', [445, 552], [468, 552], [468, 608], [944, 608], [944, 468], [1000, 468]),
    wire('ground', [980, 560], [980, 530], [1000, 530]),
    box(1000, 396, 160, 156),
    text(1080, 419, 'MAX17043', 'head', 'middle'),
    pins(1000, false, [
      [440, 'SDA'],
      [468, 'SCL'],
      [500, 'CELL+ to the cell'],
      [530, 'GND'],
    ]),
  ]);

export const drawings: Readonly<Record<string, string>> = {
  'relay-wiring.svg': relayWiring(),
  'sensor-wiring.svg': sensorWiring(),
};

if (import.meta.main)
  for (const [name, svg] of Object.entries(drawings))
    writeFileSync(path.join(import.meta.dirname, '../docs/pictures', name), svg);
