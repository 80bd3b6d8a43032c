/** Where in the page one is: the part of the address after #. */
import { useEffect, useState } from 'preact/hooks';
import type { Word } from './words/words.ts';

export const places = [
  'home',
  'purchases',
  'transactions',
  'wallet',
  'network',
  'consumption',
  'settings',
] as const satisfies readonly Word[];
export type Place = (typeof places)[number];

/** Undefined for a place within the page, like its content. */
const placeOf = (hash: string): Place | undefined => places.find((place) => `#/${place}` === hash);

export const usePlace = (): Place => {
  const [place, go] = useState<Place>(placeOf(location.hash) ?? 'home');
  useEffect(() => {
    const onMove = (): void => go((before) => placeOf(location.hash) ?? before);
    addEventListener('hashchange', onMove);
    return () => removeEventListener('hashchange', onMove);
  }, []);
  return place;
};
