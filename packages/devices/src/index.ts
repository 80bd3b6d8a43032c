export {
  ModbusAnswerWrong,
  ModbusRefused,
  ModbusTimeout,
  ModbusUnreachable,
  SunSpecMissing,
} from './modbus/errors.ts';
export { createModbusClient, type ModbusClient } from './modbus/modbus-client.ts';
export { discoverSunSpec, readSunSpec } from './modbus/sunspec-device.ts';
