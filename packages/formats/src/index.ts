export { CAPTURE_FORMATS, CaptureUnknown, decodeCapture } from './capture/decode.ts';
export { readingRecord } from './capture/record.ts';
export type { MeterKeys } from './dlms/ciphering.ts';
export { ZoneUnknown } from './local-time.ts';
export { createMbusDecoder } from './mbus/mbus-decoder.ts';
export { createP1Decoder } from './p1/p1-decoder.ts';
export type { FrameFormat } from './reading.ts';
export { createSmlDecoder } from './sml/sml-decoder.ts';
export { createTicDecoder } from './tic/tic-decoder.ts';
