/** What the messages of one Shelly of the second generation or later have said of its components so far. */
import {
  measuringFields,
  meteringComponent,
  type Phase,
  powerField,
  readShellyStatus,
  type ShellyReading,
} from '../shelly/status.ts';
import { wordsOf } from './values.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What is known of each component: notifications carry only what changed. */
export type ComponentStates = Map<string, Fields>;

/** Which component is read: the one named, or the only one that the device ever showed. */
export const chosenOf = (
  states: ComponentStates,
  named: readonly string[],
  wanted: string | undefined,
): { readonly wanted: string | undefined } | { readonly unclear: readonly string[] } => {
  if (wanted !== undefined) return { wanted };
  const known = [...states.keys()].map(meteringComponent);
  const seen = [...new Set([...known, ...named])].filter((one) => one !== undefined);
  return seen.length > 1 ? { unclear: seen } : { wanted: seen[0] };
};

/** The words of a component that says that it has no power: its clamp or its chip has failed. */
export const missingPower = (status: Fields, phase: Phase | undefined): string | undefined =>
  wordsOf(powerField(status, phase));

/** Lays what changed over what is known of a component; power only where it is news. */
export const overlaid = (
  states: ComponentStates,
  key: string,
  status: Fields,
  phase: Phase | undefined,
): ShellyReading => {
  const whole = { ...states.get(key), ...measuringFields(status) };
  states.set(key, whole);
  const news = readShellyStatus(status, phase);
  const known = readShellyStatus(whole, phase);
  const counted = news.imported !== undefined || news.exported !== undefined;
  if (!counted) return news;
  const { imported, exported } = known;
  return {
    ...known,
    ...news,
    ...(imported !== undefined && { imported }),
    ...(exported !== undefined && { exported }),
  };
};
