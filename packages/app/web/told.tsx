/** What the server says of something wrong, in the reader's language where that has words for it. */
import type { Identity, Said } from '../src/api.ts';
import { Refused } from './ask.ts';
import { coins, energy, instant, named } from './format.ts';
import { communityNow } from './store.ts';
import { currentLanguage, say, toldAs } from './words/words.ts';

/** A sentence in the reader's language, or one of the server. */
export type Sentence = string | (Said & { readonly more?: number });

/** What anything thrown says. */
export const sentenceOf = (error: unknown): Sentence => {
  if (error instanceof Refused) return error;
  // The browser's own word for a server that does not answer says nothing to people.
  if (error instanceof TypeError) return say('serverAway');
  return error instanceof Error ? error.message : String(error);
};

const UNITS: Readonly<Record<string, (value: string | number) => string>> = {
  wh: (value) => energy(Number(value) / 1e6),
  coins: (value) => coins(Number(value) / 1e6),
  time: (value) => instant(Number(value), communityNow()),
};

/** Undefined where there are no words, or a value that they name did not come along. */
const translated = ({ code = '', values = {} }: Said): string | undefined => {
  let whole = true;
  const text = toldAs(code)?.replace(/\{(\w+)(?::(\w+))?\}/g, (_, name: string, unit = '') => {
    const value = values[name];
    if (value === undefined) whole = false;
    return value === undefined ? '' : (UNITS[unit]?.(value) ?? String(value));
  });
  return whole ? text : undefined;
};

export const Told = ({
  said,
  identity,
}: {
  readonly said: Sentence;
  readonly identity?: Identity | undefined;
}) => {
  const withNames = (text: string): string => (identity ? named(text, identity) : text);
  if (typeof said === 'string') return <>{withNames(said)}</>;
  const text = translated(said);
  if (text === undefined)
    return currentLanguage() === 'en' ? (
      <>{withNames(said.message)}</>
    ) : (
      <span lang="en">{withNames(said.message)}</span>
    );
  const more = said.more === undefined ? '' : ` ${say('andMore', { n: said.more })}`;
  return <>{withNames(text) + more}</>;
};
