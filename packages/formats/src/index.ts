export { CAPTURE_FORMATS, CaptureUnknown, decodeCapture } from './capture/decode.ts';
export { readingRecord } from './capture/record.ts';
export type { MeterKeys } from './dlms/ciphering.ts';
export { COLUMN_ROLES, type ColumnRole } from './interval-files/columns.ts';
export type { Unit } from './interval-files/fields.ts';
export { type IntervalFormat, IntervalFileWrong } from './interval-files/interval-file.ts';
export { INTERVAL_FORMATS, readIntervalFile } from './interval-files/read.ts';
export { fileRecord, intervalRecords } from './interval-files/record.ts';
export { ZoneUnknown } from './local-time.ts';
export { createMbusDecoder } from './mbus/mbus-decoder.ts';
export { createP1Decoder } from './p1/p1-decoder.ts';
export type { FrameFormat } from './reading.ts';
export { createSmlDecoder } from './sml/sml-decoder.ts';
export { createTicDecoder } from './tic/tic-decoder.ts';
export type { DeviceReading } from './modbus/device-reading.ts';
export { type EastronModel, eastronBlocks, readEastron } from './modbus/eastron.ts';
export {
  createRtuDecoder,
  createTcpDecoder,
  encodeRtu,
  encodeTcp,
  MOST_REGISTERS,
  type RegisterAnswer,
  type RegisterQuestion,
} from './modbus/frames.ts';
export { Registers } from './modbus/registers.ts';
export {
  identityOf,
  isSunSpec,
  readModel,
  SUNSPEC_BASES,
  SUNSPEC_MODELS,
  type SunSpecIdentity,
  type SunSpecModel,
  walkModels,
} from './modbus/sunspec.ts';
