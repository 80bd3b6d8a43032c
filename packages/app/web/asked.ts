/** What no stream tells: asked again and again while somebody looks at it. */
import { useEffect, useState } from 'preact/hooks';
import type { Known } from '../src/api.ts';
import { get } from './ask.ts';
import { communityNow, usePage } from './store.ts';

export interface Asked<T> {
  /** The last answer, kept with when it came; undefined before the first. */
  readonly known: Known<T> | undefined;
  /** Whether it answers what is asked now, not what was asked before. */
  readonly isAnswer: boolean;
}

/**
 * One question at a time, the next one `again` real ms after the last was answered or failed.
 * @param key what is asked, in a word: another key is another question
 * @param query made anew for each question; undefined: nothing is asked
 */
export const useAsked = <T>(
  path: string,
  key: string,
  query: () => Readonly<Record<string, string | number>> | undefined,
  again: number,
): Asked<T> => {
  const { live } = usePage();
  const ready = live !== undefined;
  const [got, set] = useState<{ readonly key: string; readonly known: Known<T> } | undefined>();
  useEffect(() => {
    if (!ready) return undefined;
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const turn = async (): Promise<void> => {
      try {
        const asked = query();
        if (!asked) return;
        const value = await get<T>(path, asked, over.signal);
        if (!over.signal.aborted) set({ key, known: { value, seen: communityNow() } });
      } catch {
        // It keeps what it had, which shows its age; the banner says what is wrong.
      }
      if (!over.signal.aborted) timer = setTimeout(() => void turn(), again);
    };
    void turn();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [path, key, again, ready]);
  return { known: got?.known, isAnswer: got?.key === key };
};
