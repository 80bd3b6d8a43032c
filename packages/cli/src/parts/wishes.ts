/** What the person at the App wishes of the node, kept in a file of its own beside the node's books. */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ConsumerWishes, ProducerWishes } from '@daisee/agent';
import type { NodeSettings } from '@daisee/app';
import { Coin, DaiseeError, Energy, Instant, messageOf, Percent, Price, parseMicro } from '@daisee/units';
import { z } from 'zod';

const amount = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/);
const shape = z.strictObject({
  price: amount.optional(),
  limit: z.number().min(0).optional(),
  delta: amount.optional(),
  resume: z.number().min(0).max(100).optional(),
  priceCap: amount.nullable().optional(),
  budget: amount.nullable().optional(),
  /** Unix milliseconds of the community's clock. */
  ownUntil: z.number().int().optional(),
});
export type Wished = z.infer<typeof shape>;

/** The file of wishes cannot be read or written. */
export class WishesDamaged extends DaiseeError {
  constructor(file: string, cause: unknown) {
    super({
      code: 'cli.wishes',
      message: `What was set in the App (${file}) cannot be used: ${messageOf(cause).split('\n')[0]}. Mend the file, or delete it to go by the settings alone.`,
      retryable: false,
      values: { file },
      cause,
    });
  }
}

export interface Wishes {
  /** As they are now, whoever wrote them. @throws WishesDamaged */
  current(): Wished;
  /** Keeps what is given beside what was wished before. @throws WishesDamaged */
  change(changes: Wished): Wished;
}

/** A file that is read again whenever it changes: an App in a process of its own writes it, too. */
export const openWishes = (file: string): Wishes => {
  let read: { readonly stamp: string; readonly wished: Wished } | undefined;
  const stampOf = (): string | undefined => {
    const status = statSync(file, { throwIfNoEntry: false });
    return status && `${status.mtimeMs} ${status.size} ${status.ino}`;
  };
  const current = (): Wished => {
    const stamp = stampOf();
    if (stamp === undefined) return {};
    if (read?.stamp === stamp) return read.wished;
    try {
      const wished = shape.parse(JSON.parse(readFileSync(file, 'utf8')));
      read = { stamp, wished };
      return wished;
    } catch (error) {
      throw new WishesDamaged(file, error);
    }
  };
  return {
    current,
    change: (changes) => {
      const next = { ...current(), ...changes };
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        const draft = `${file}.new`;
        writeFileSync(draft, `${JSON.stringify(next, undefined, 2)}\n`, { mode: 0o600 });
        renameSync(draft, file);
      } catch (error) {
        throw new WishesDamaged(file, error);
      }
      return next;
    },
  };
};

/** For a consumer's agent. */
export const consumerWishes = (wished: Wished): ConsumerWishes => {
  const { limit, delta, resume, priceCap, budget, ownUntil } = wished;
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(delta === undefined ? {} : { delta: Energy(parseMicro(delta)) }),
    ...(resume === undefined ? {} : { resume: Percent(resume) }),
    ...(priceCap === undefined ? {} : { priceCap: priceCap === null ? null : Price(parseMicro(priceCap)) }),
    ...(budget === undefined ? {} : { budgetPerDay: budget === null ? null : Coin(parseMicro(budget)) }),
    ...(ownUntil === undefined ? {} : { ownUntil: Instant(ownUntil) }),
  };
};

export const producerWishes = ({ price }: Wished): ProducerWishes =>
  price === undefined ? {} : { price: Price(parseMicro(price)) };

/** A wish that the node could not follow. */
export class WishRefused extends DaiseeError {
  constructor(
    what: 'unknown' | 'percent' | 'order' | 'nothing',
    why: string,
    values: Readonly<Record<string, unknown>> = {},
  ) {
    super({ code: `cli.wish.${what}`, message: why, retryable: false, values });
  }
}

/** What is in force: the settings, and what was wished instead. @throws WishRefused when it contradicts itself */
export const inForce = (settings: NodeSettings, wished: Wished): NodeSettings => {
  const { ownUntil: _ownUntil, ...rest } = wished;
  const unknown = Object.keys(rest).find((key) => !(key in settings));
  if (unknown !== undefined)
    throw new WishRefused(
      'unknown',
      `${unknown} is nothing that this node goes by; it has ${Object.keys(settings).join(', ')}.`,
    );
  // Of both, what is given: an absent wish is not there at all.
  const now = { ...settings, ...rest } as NodeSettings;
  if (now.resume !== undefined && now.limit !== undefined) {
    // With a fuel gauge both are percent; without one there is no `resume`, and the limit is Wh.
    if (now.limit > 100)
      throw new WishRefused('percent', `It cannot buy below ${now.limit} %: give 0 to 100.`, {
        limit: now.limit,
      });
    if (now.resume <= now.limit)
      throw new WishRefused(
        'order',
        `It cannot return to its own source at ${now.resume} % and leave it below ${now.limit} %: the first must be the higher one.`,
        { resume: now.resume, limit: now.limit },
      );
  }
  if (now.delta !== undefined && Number(now.delta) <= 0)
    throw new WishRefused('nothing', 'It cannot buy 0 Wh at a time: give more than nothing.');
  return now;
};
