/** Signs that turn the direction of what is written after them, and letters that are written from right to left. */
const TURNS = /[\u0590-\u08FF\u200E\u200F\u202A-\u202E\u2066-\u2069\uFB1D-\uFDFF\uFE70-\uFEFC]/;

/** A name in the middle of a sentence: whichever way it is written, it does not turn the rest. */
export const apart = (name: string): string => (TURNS.test(name) ? `\u{2068}${name}\u{2069}` : name);
