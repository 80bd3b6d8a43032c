/**
 * What the service and its guard say to each other over two pipes, one byte at a time. Real time throughout: both
 * guard real contacts against real hangs.
 */

/** The service to its guard: "I am alive, and nothing is on". The guard answers each beat with this byte. */
export const BEAT = 0x2e; // .
/** The service to its guard: "I am alive, and something is on or about to be": from here on a hang is dangerous. */
export const BEAT_ARMED = 0x21; // !
/** The service to its guard: "the board is at rest and the pins are let go; end". */
export const FAREWELL = 0x71; // q
/** The guard to the service: "I am prepared". */
export const READY = 0x72; // r

/** Between two beats, ms. */
export const BEAT_EVERY = 200;
/**
 * Whoever was held up itself, by a busy or suspended machine, hears first and judges then: only after it has looked so
 * often in vain. Looks that come late count too, or a machine that is always late would never see a hang.
 */
export const LOOKS = 5;
/**
 * Silence after which the other counts as hung, ms. With the break time and the taking of the pins, under 2 s. A service
 * is let hang while everything is off: starting on a small machine, it comes to its event loop late.
 */
export const PATIENCE = 1000;
