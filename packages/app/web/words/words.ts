/** The page's language: the reader's own where it is there, and remembered once chosen. */
import { apart } from './apart.ts';
import { en, type Word } from './en.ts';
import { fr } from './fr.ts';
import { told as french } from './told.fr.ts';

export type { Word };
export type Language = 'en' | 'fr';

const languages: Readonly<Record<Language, Readonly<Record<Word, string>>>> = { en, fr };
/** What the server says, by its code; in English as it says it. */
const told: Readonly<Record<Language, Readonly<Record<string, string>>>> = { en: {}, fr: french };
const KEPT = 'daisee.language';

const preferred = (): Language => {
  const kept = localStorage.getItem(KEPT);
  const wanted = [kept ?? '', ...navigator.languages].map((tag) => tag.slice(0, 2));
  return wanted.find((tag): tag is Language => tag in languages) ?? 'en';
};

let language = preferred();
document.documentElement.lang = language;

export const currentLanguage = (): Language => language;

export const setLanguage = (chosen: Language): void => {
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
};

/** The locale of numbers and dates: the reader's own region where it speaks the page's language. */
export const locale = (): string => navigator.languages.find((tag) => tag.startsWith(language)) ?? language;

/** Says a word, with what is between braces filled in. */
export const say = (word: Word, values: Readonly<Record<string, string | number>> = {}): string =>
  languages[language][word].replace(/\{(\w+)\}/g, (_, name: string) => apart(String(values[name] ?? '')));

/** What the server says under a code, not filled in yet; undefined where this language has no words for it. */
export const toldAs = (code: string): string | undefined => told[language][code];
