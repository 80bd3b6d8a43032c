/**
 * The store for many nodes on one monitor: PostgreSQL 15 or newer, the same tables and the same arithmetic as the
 * embedded store, each question one statement, so that its answer is of one moment whoever writes meanwhile.
 */
import { DEFAULT_MAX_GAP } from '@daisee/meter';
import { Duration, Energy, Instant, Register, Watts } from '@daisee/units';
import { SensorDiffers, UnknownSensor } from '../errors.ts';
import { type AbsenceRow, absenceOf, absencesSql, type GapRow, gapsOf, gapsSql } from '../gaps.ts';
import { MARK_COLUMNS, type MarkRow, markOf } from '../marks.ts';
import { POWERS_OF, powersIn } from '../powers.ts';
import {
  type Edge,
  edgeBetween,
  energyBetween,
  FOLLOWED_COLUMNS,
  type FollowedRow,
  followedSampleOf,
  type Holding,
  IS_SAMPLE,
  registersAt,
  SAMPLE_COLUMNS,
  type SampleRow,
  STATE_COLUMNS,
  type StateRow,
  storedSampleOf,
} from '../rows.ts';
import {
  bridgingOf,
  changedSensor,
  RULE_COLUMNS,
  ruleValues,
  SELECT_SENSORS,
  type SensorRow,
  sensorOfRow,
} from '../sensor-rows.ts';
import type { StoreOptions } from '../sqlite-store.ts';
import {
  type ChargeRow,
  type EndedGapRow,
  type HighestRow,
  type IdentityRow,
  type InstantRow,
  REMEMBERED,
  standingOf,
} from '../standing.ts';
import { stepEdges } from '../steps.ts';
import {
  CHARGE_WINDOW,
  DEFAULT_TYPE,
  MOST_MARKS,
  type RemoteStore,
  type Sensor,
  type SensorType,
  type Standing,
  type StandingQuery,
} from '../store.ts';
import { createPostgresAppender } from './appender.ts';
import { createBriefly } from './briefly.ts';
import {
  type Ask,
  arrayOf,
  createPostgresDatabase,
  type PostgresDatabase,
  type PostgresOptions,
  type Statement,
} from './database.ts';
import { createPostgresMarks } from './marks.ts';
import { migratePostgres } from './schema.ts';
import { addType, createPostgresTariffs } from './tariffs.ts';
import { createPostgresThinner } from './thinner.ts';
import { createTurns } from './turns.ts';

/** Beyond a bigint's reach nothing is stored. */
const FAR = Number.MAX_SAFE_INTEGER;
const within = (value: number): number => Math.min(Math.max(value, -FAR), FAR);
/** The first whole ms not before an instant, and the last one not after it. */
const up = (at: number): number => within(Math.ceil(at));
const down = (at: number): number => within(Math.floor(at));

const HIGHEST_ID = 2 ** 31 - 1;
const PLACES = { sensor: '$1', from: '$2', to: '$3' };

const prefixed = (prefix: string): string =>
  STATE_COLUMNS.split(/,\s*/)
    .map((column) => `${prefix}.${column} AS ${prefix}_${column}`)
    .join(', ');

/** Two searches of the index for each instant. */
const EDGES = `SELECT ${prefixed('older')}, ${prefixed('newer')}
  FROM unnest($2::bigint[]) WITH ORDINALITY AS edge (instant, place)
  LEFT JOIN LATERAL (SELECT ${STATE_COLUMNS} FROM samples
    WHERE sensor = $1 AND at <= edge.instant ORDER BY at DESC LIMIT 1) AS older ON true
  LEFT JOIN LATERAL (SELECT ${STATE_COLUMNS} FROM samples
    WHERE sensor = $1 AND at > edge.instant ORDER BY at LIMIT 1) AS newer ON true
  ORDER BY place`;

/** Float sums, as a mean needs. */
const POWERS = `SELECT part.count, part."microWatts"
  FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS edge (first, until, place)
  CROSS JOIN LATERAL (SELECT coalesce(sum(coalesce(stands_for, 1)), 0)::int AS count,
      coalesce(sum(coalesce(power_sum, power)), 0)::double precision AS "microWatts"
    FROM samples WHERE sensor = $1 AND at >= edge.first AND at < edge.until) AS part
  ORDER BY place`;

const LAST_SAMPLE = `SELECT ${SAMPLE_COLUMNS} FROM samples
  WHERE sensor = $1 AND ${IS_SAMPLE} ORDER BY at DESC LIMIT 1`;

type Prefixed = Readonly<Record<string, unknown>>;

const STATE_NAMES = STATE_COLUMNS.split(/,\s*/);

const stateRow = (row: Prefixed, prefix: 'older' | 'newer'): StateRow | undefined =>
  row[`${prefix}_id`] === null
    ? undefined
    : (Object.fromEntries(
        STATE_NAMES.map((name) => [name, row[`${prefix}_${name}`]]),
      ) as unknown as StateRow);

export type PostgresStoreOptions = PostgresOptions & Pick<StoreOptions, 'clock' | 'maxGap'>;

/**
 * Opens a store in a PostgreSQL database and brings its schema up to date. Connections that die are replaced: while
 * the server is away every call throws a retryable `StoreError` (`monitor.store-away`), once it is back they answer.
 * A call that lost its connection may have been carried out; samples may be appended again, they are stored once.
 * @throws StoreError: cannot be reached, refused, not a store, newer schema, server older than 15, …
 */
export const openPostgresStore = async ({
  clock,
  maxGap = DEFAULT_MAX_GAP,
  ...options
}: PostgresStoreOptions): Promise<RemoteStore> => {
  const database = createPostgresDatabase(options);
  try {
    await migratePostgres(database);
    return storeOn(database, { clock, maxGap });
  } catch (error) {
    await database.close();
    throw error;
  }
};

const storeOn = (database: PostgresDatabase, holding: Holding): RemoteStore => {
  const { ask, transaction } = database;
  const append = createTurns(createPostgresAppender(database));
  const thin = createPostgresThinner(database);
  const tariffs = createPostgresTariffs(database);
  const { mark, move } = createPostgresMarks(database);

  const sensors = async (): Promise<readonly Sensor[]> =>
    (await ask<SensorRow>({ text: `${SELECT_SENSORS} ORDER BY sensors.id` })).map(sensorOfRow);
  const sensorOf = async (id: number): Promise<Sensor | undefined> => {
    if (!Number.isInteger(id) || id < 1 || id > HIGHEST_ID) return undefined;
    const [row] = await ask<SensorRow>({
      name: 'sensor',
      text: `${SELECT_SENSORS} WHERE sensors.id = $1`,
      values: [id],
    });
    return row && sensorOfRow(row);
  };
  // Asked before every answer about a sensor: all of them at once, since they are few.
  const known = createBriefly(async () => new Map((await sensors()).map((sensor) => [sensor.id, sensor])));
  const existing = async (id: number): Promise<Sensor> => {
    const sensor = (await known.get()).get(id) ?? (await sensorOf(id));
    if (!sensor) throw new UnknownSensor(id, await sensors());
    return sensor;
  };
  /** Asks for rows of a sensor that is there. */
  const askOf = async <Row>(sensorId: number, statement: Statement): Promise<readonly Row[]> => {
    await existing(sensorId);
    return await ask<Row>(statement);
  };
  const edges = async (
    sensor: Sensor,
    instants: readonly Instant[],
    asking: Ask = ask,
  ): Promise<readonly Edge[]> => {
    const rows = await asking<Prefixed>({
      name: 'edges',
      text: EDGES,
      values: [sensor.id, arrayOf(instants.map(down))],
    });
    return rows.map((row, i) => {
      const at = instants[i] ?? Instant(0);
      const older = stateRow(row, 'older');
      const newer = Number(older?.at) === at ? undefined : stateRow(row, 'newer');
      return edgeBetween(at, older, newer, sensor, holding);
    });
  };
  const energyByEdges: RemoteStore['energyByEdges'] = async (sensorId, instants) => {
    const sensor = await existing(sensorId);
    if (instants.length === 0) return [];
    const [first, ...ends] = await edges(sensor, instants);
    if (!first) return [];
    let start = first;
    return ends.map((end) => {
      const energy = energyBetween(start, end, sensor.sign);
      start = end;
      return energy;
    });
  };
  const energyBySteps: RemoteStore['energyBySteps'] = async (sensorId, from, to, step) =>
    energyByEdges(sensorId, stepEdges(from, to, step));
  const powerByEdges: RemoteStore['powerByEdges'] = async (sensorId, instants) => {
    const sums = await askOf<{ count: number; microWatts: number }>(sensorId, {
      name: 'powers',
      text: POWERS,
      values: [sensorId, arrayOf(instants.slice(0, -1).map(up)), arrayOf(instants.slice(1).map(up))],
    });
    return sums.map((sum) => (sum.count === 0 ? undefined : sum));
  };
  /** All in one transaction that no append of the sensor falls into. */
  const standing = (sensor: Sensor, { after, firstMark, until: now }: StandingQuery): Promise<Standing> => {
    const { id } = sensor;
    const lock = {
      name: 'lock-standing',
      text: `SELECT identity.name AS store, sensors.revision FROM identity, sensors WHERE sensors.id = $1
        FOR SHARE OF sensors`,
      values: [id],
    };
    return transaction([lock], async (asking, rows) => {
      const [identity = { store: '', revision: 0n }] = rows as readonly Omit<IdentityRow, 'id'>[];
      const [{ highestId } = { highestId: 0n }] = await asking<{ highestId: bigint }>({
        name: 'highest-id',
        text: 'SELECT coalesce(max(id), 0) AS "highestId" FROM samples',
      });
      const [sample] = await asking<SampleRow>({
        name: 'last-until',
        text: `SELECT ${SAMPLE_COLUMNS} FROM samples
          WHERE sensor = $1 AND at <= $2 AND ${IS_SAMPLE} ORDER BY at DESC LIMIT 1`,
        values: [id, down(now)],
      });
      const [end] = await asking<StateRow>({
        name: 'end',
        text: `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = $1 ORDER BY at DESC LIMIT 1`,
        values: [id],
      });
      const until = Math.min(down(now), Number(end?.at ?? down(now)));
      const charged = await asking<ChargeRow>({
        name: 'charge',
        text: `SELECT at, state_of_charge AS value FROM samples
              WHERE sensor = $1 AND at BETWEEN $2 AND $3 AND state_of_charge IS NOT NULL ORDER BY at DESC LIMIT ${REMEMBERED}`,
        values: [id, until - CHARGE_WINDOW, until],
      });
      const recent = await asking<InstantRow>({
        name: 'recent',
        text: `SELECT at FROM samples WHERE sensor = $1 AND at <= $2 AND ${IS_SAMPLE}
          ORDER BY at DESC LIMIT ${REMEMBERED}`,
        values: [id, down(now)],
      });
      const gaps =
        after > 0
          ? await asking<EndedGapRow>({
              name: 'gaps-after',
              text: `SELECT gap_from AS "from", at AS "to" FROM samples
                WHERE id > $2 AND sensor + 0 = $1 AND gap_from IS NOT NULL ORDER BY at`,
              values: [id, within(after)],
            })
          : [];
      const [{ highest } = { highest: null }] =
        after > 0
          ? await asking<HighestRow>({
              name: 'highest-after',
              text: `SELECT max(power) AS highest FROM samples WHERE id > $2 AND sensor + 0 = $1 AND ${IS_SAMPLE}`,
              values: [id, within(after)],
            })
          : [];
      const found = (
        await asking<MarkRow>({
          name: 'marks-after',
          text: `SELECT ${MARK_COLUMNS} FROM marks WHERE sensor = $1 AND id >= $2 ORDER BY id DESC LIMIT ${MOST_MARKS}`,
          values: [id, within(firstMark)],
        })
      )
        .map(markOf)
        .toReversed();
      const at = found.map((one) => Instant(Math.min(one.at, Number(end?.at ?? one.at))));
      const states = at.length === 0 ? [] : await edges(sensor, at, asking);
      const marked = found.map((one, i) => {
        const state = states[i];
        return {
          ...one,
          ...(state ? registersAt(state, sensor.sign) : { register: Register(0n), exported: Register(0n) }),
        };
      });
      return standingOf({
        ...identity,
        reports: sensor.reports,
        id: highestId,
        end,
        sample,
        recent,
        charged,
        highest,
        gaps,
        marked,
      });
    });
  };
  const named = async (name: string): Promise<Sensor | undefined> =>
    (await ask<SensorRow>({ text: `${SELECT_SENSORS} WHERE sensors.name = $1`, values: [name] })).map(
      sensorOfRow,
    )[0];

  return {
    addSensor: async (asked) => {
      const { name, sign, type = DEFAULT_TYPE } = asked;
      if (!(await named(name)))
        // One at a time, so that identities count up without holes.
        await transaction(
          [{ text: 'LOCK TABLE types, sensors IN SHARE ROW EXCLUSIVE MODE' }],
          async (inside) => {
            await addType(inside, type);
            await inside({
              text: `INSERT INTO sensors (name, sign, type, ${RULE_COLUMNS.join(', ')})
              SELECT $1, $2, id, $4, $5, $6, $7 FROM types
              WHERE name = $3 AND NOT EXISTS (SELECT FROM sensors WHERE name = $1)`,
              values: [name, sign, type, ...ruleValues(asked)],
            });
          },
        );
      const sensor = await named(name);
      if (!sensor) throw new SensorDiffers(name, 'none', `${sign}, ${type}`);
      const changed = changedSensor(sensor, asked);
      if (changed)
        await ask({
          text: `UPDATE sensors SET (${RULE_COLUMNS.join(', ')}) = ($2, $3, $4, $5) WHERE id = $1`,
          values: [changed.id, ...ruleValues(changed)],
        });
      known.forget();
      return changed ?? sensor;
    },
    sensors,
    sensor: sensorOf,
    types: () => ask<SensorType>({ text: 'SELECT id, name FROM types ORDER BY id' }),
    append: async (sensorId, told, options = {}) =>
      append(await existing(sensorId), told, {
        ...bridgingOf(options, holding.maxGap),
        replace: options.replace,
      }),
    mark: async (sensorId, asked) => mark(await existing(sensorId), asked, bridgingOf({}, holding.maxGap)),
    marks: async (sensorId, from, to) =>
      (
        await askOf<MarkRow>(sensorId, {
          name: 'marks',
          text: `SELECT ${MARK_COLUMNS} FROM marks WHERE sensor = $1 AND at >= $2 AND at < $3 ORDER BY at, id`,
          values: [sensorId, up(from), up(to)],
        })
      ).map(markOf),
    standing: async (sensorId, query) => standing(await existing(sensorId), query),
    move: async (sensorId, asked) => move(await existing(sensorId), asked, bridgingOf(asked, holding.maxGap)),
    samples: async (sensorId, from, to, limit = -1) =>
      (
        await askOf<SampleRow>(sensorId, {
          name: 'samples',
          text: `SELECT ${SAMPLE_COLUMNS} FROM samples WHERE sensor = $1 AND at >= $2 AND at < $3
            AND ${IS_SAMPLE} ORDER BY at LIMIT $4`,
          values: [sensorId, up(from), up(to), limit < 0 ? null : within(limit)],
        })
      ).map(storedSampleOf),
    powers: async (sensorId, from, to, limit = -1) => {
      const [row] = await askOf<{ list: string | null }>(sensorId, {
        name: 'power-list',
        // As one text: taking rows apart would take most of the time.
        text: `SELECT string_agg(id || ',' || at || ',' || power, ',' ORDER BY at) AS list
          FROM (SELECT id, at, power ${POWERS_OF} sensor = $1 AND at >= $2 AND at < $3 ORDER BY at LIMIT $4) AS part`,
        values: [sensorId, up(from), up(to), limit < 0 ? null : within(limit)],
      });
      return powersIn(row?.list ?? '');
    },
    newestId: async (sensorId) => {
      await existing(sensorId);
      // Sensors are stored side by side, so another one's id may be there before lower ones of this sensor. Appends
      // have their sensor's row locked before they get ids; the second statement sees what those before it committed.
      const lock = 'SELECT FROM sensors WHERE id = $1 FOR SHARE';
      const newest = 'SELECT coalesce(max(id), 0) AS id FROM samples';
      const found = await transaction(
        [
          { name: 'lock-newest', text: lock, values: [sensorId] },
          { name: 'newest-id', text: newest },
        ],
        async (_, rows) => rows as readonly { readonly id: bigint }[],
      );
      return Number(found[0]?.id ?? 0n);
    },
    last: async (sensorId) => {
      const [row] = await askOf<SampleRow>(sensorId, {
        name: 'last',
        text: LAST_SAMPLE,
        values: [sensorId],
      });
      return row && storedSampleOf(row);
    },
    registerAt: async (sensorId, instant) => {
      const sensor = await existing(sensorId);
      const [edge] = await edges(sensor, [Instant(Math.round(instant))]);
      return edge ? registersAt(edge, sensor.sign).register : Register(0n);
    },
    energy: async (sensorId, from, to) =>
      (await energyBySteps(sensorId, from, to, Duration(to - from)))[0] ?? Energy(0n),
    energyBySteps,
    energyByEdges,
    meanPowerBySteps: async (sensorId, from, to, step) =>
      (await powerByEdges(sensorId, stepEdges(from, to, step))).map(
        (sum) => sum && Watts(sum.microWatts / sum.count / 1e6),
      ),
    powerByEdges,
    samplesById: async (sensorId, from, to) =>
      (
        await askOf<FollowedRow>(sensorId, {
          name: 'by-id',
          // By the primary key: adding 0 keeps the index on (sensor, at) out of it, which would scan the sensor's samples.
          text: `SELECT ${FOLLOWED_COLUMNS} FROM samples WHERE id >= $2 AND id < $3 AND sensor + 0 = $1
            AND ${IS_SAMPLE} ORDER BY at`,
          values: [sensorId, up(from), up(to)],
        })
      ).map(followedSampleOf),
    samplesFromEnd: async (sensorId, from, to) =>
      (
        await askOf<FollowedRow>(sensorId, {
          name: 'from-end',
          text: `SELECT ${FOLLOWED_COLUMNS} FROM samples WHERE sensor = $1 AND ${IS_SAMPLE}
            ORDER BY at DESC LIMIT $2 OFFSET $3`,
          values: [sensorId, within(Math.max(0, to - from)), within(-to)],
        })
      )
        .map(followedSampleOf)
        .toReversed(),
    gaps: async (sensorId, from, to) =>
      gapsOf(
        await askOf<GapRow>(sensorId, {
          name: 'gaps',
          text: gapsSql(PLACES),
          values: [sensorId, down(from), up(to)],
        }),
      ),
    absences: async (sensorId, from, to) =>
      (
        await askOf<AbsenceRow>(sensorId, {
          name: 'absences',
          text: absencesSql(PLACES),
          values: [sensorId, up(from), up(to)],
        })
      ).map(absenceOf),
    thin: async (sensorId, span, before, limit) => thin(await existing(sensorId), span, before, limit),
    ...tariffs,
    close: () => database.close(),
  };
};
