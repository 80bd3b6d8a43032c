/** What a frame of a meter says, whatever the meter's protocol is. */
import type { Energy, Instant } from '@daisee/units';

/** The protocols whose captured frames can be read. */
export type FrameFormat = 'tic' | 'p1' | 'sml' | 'mbus' | 'ocmf';

/** Something that was not understood, by the place of its first byte in the whole input. */
export interface FormatProblem {
  /** Bytes before it. */
  readonly offset: number;
  /** What was found there and what was expected, in one line. */
  readonly problem: string;
}

/** One phase of a connection. */
export interface PhaseReading {
  readonly phase: 1 | 2 | 3;
  /** Watts (volt-amperes where the reading is `apparent`), import positive. */
  readonly power?: number | undefined;
  /** Volts. */
  readonly voltage?: number | undefined;
  /** Amperes, as the meter gives them: most have no sign. */
  readonly current?: number | undefined;
}

/** A meter behind the meter (gas, water, heat, a second electricity meter), or a channel of it. */
export interface AttachedReading {
  readonly channel: number;
  readonly kind: string;
  readonly meter?: string | undefined;
  readonly at?: Instant | undefined;
  readonly value?: number | undefined;
  readonly unit?: string | undefined;
}

/** The highest mean power of a quarter of an hour, which some tariffs are made of. */
export interface PeakPower {
  /** When that quarter ended. */
  readonly at: Instant | undefined;
  /** Watts. */
  readonly power: number;
}

interface Peaks {
  /** Mean watts of the quarter under way. */
  readonly current?: number | undefined;
  readonly month?: PeakPower | undefined;
  /** Of the months before, as the meter lists them. */
  readonly months?: readonly PeakPower[] | undefined;
}

/** One record of an M-Bus frame. */
interface RecordReading {
  readonly quantity: string;
  readonly unit: string;
  readonly value?: number | string | undefined;
  readonly function: string;
  readonly storage: number;
  readonly tariff: number;
  readonly device: number;
}

/** What a signature covers and whether it holds; only of formats that sign. */
interface SignatureVerdict {
  /** `unchecked`: there is no public key, or the algorithm is none of the standard's; `reason` says which. */
  readonly state: 'valid' | 'invalid' | 'unchecked';
  readonly reason?: string | undefined;
  readonly algorithm: string;
  /** Where the key came from: the settings, or the file itself, which proves nothing about whose it is. */
  readonly key: 'given' | 'of the file' | 'none';
  /** Names of the record's fields that the signature covers, and of those that it does not. */
  readonly signed: readonly string[];
  readonly unsigned: readonly string[];
  /** A high s was folded to n − s for whoever accepts only the low one (EIP-2, OpenZeppelin). Hex of DER. */
  readonly lowS?: string | undefined;
}

/** One frame, telegram or signed record. A frame of which nothing can be believed has problems and no values. */
export interface MeterReading {
  readonly format: FrameFormat;
  /** Variant of the format: `historique`, `DSMR 5.0`, `Kamstrup`… */
  readonly variant?: string | undefined;
  /** Place and number of the frame's bytes in the whole input. */
  readonly offset: number;
  readonly length: number;
  /** The meter's own identity, where the frame has it. */
  readonly meter?: string | undefined;
  /** The meter's own time. Undefined where the frame has none: nobody else's clock is put in its place. */
  readonly at?: Instant | undefined;
  /** The meter says that its clock is not to be trusted. */
  readonly isClockDoubtful?: boolean | undefined;
  /** Watts, import positive, export negative; volt-amperes where `isApparent`. */
  readonly power?: number | undefined;
  readonly isApparent?: boolean | undefined;
  /** Cumulative registers over all tariffs, µWh. Undefined where a part of a sum is missing. */
  readonly imported?: Energy | undefined;
  readonly exported?: Energy | undefined;
  /** Cumulative registers one by one, µWh, by the meter's own names for them. */
  readonly registers?: Readonly<Record<string, Energy>> | undefined;
  readonly phases: readonly PhaseReading[];
  /** The tariff in force, as the meter names it, and what that name means where the country is known. */
  readonly tariff?: string | undefined;
  readonly tariffName?: string | undefined;
  readonly attached?: readonly AttachedReading[] | undefined;
  readonly peaks?: Peaks | undefined;
  /** Every record of a format that has them (M-Bus), in order. */
  readonly records?: readonly RecordReading[] | undefined;
  readonly signature?: SignatureVerdict | undefined;
  readonly problems: readonly FormatProblem[];
}

/** Takes the bytes of a meter as they come, in pieces of any size, and gives each frame when it is complete. */
export interface FrameDecoder {
  push(bytes: Uint8Array): readonly MeterReading[];
  /** The input has ended: what is left of a frame becomes a reading with problems. */
  end(): readonly MeterReading[];
}
