export { type BearerToken, hashOf, newSecret } from '@daisee/http';
export { createBoard } from './board/board.ts';
export { ReadBackDiffers, StateUnknown } from './board/contacts.ts';
export { BoardNotRunning, DwellNotOver, UnknownChannel } from './board/errors.ts';
export { feeding, type Source, TwoSources } from './board/interlock.ts';
export type {
  Board,
  BoardEvent,
  BoardOptions,
  BoardReport,
  FaultReport,
  LoadReport,
  LoadSource,
  OrderOptions,
  Origin,
  RestReason,
} from './board/types.ts';
export { defaultWiring, InvalidWiring, type Load, type SellerContact, type Wiring } from './board/wiring.ts';
export {
  createRelayHttpClient,
  RelayHttpAnswer,
  type RelayHttpClient,
  type RelayHttpClientOptions,
  RelayLoginRefused,
  RelayNameRefused,
} from './client/http-client.ts';
export { type ChannelStates, DriverFailed, type RelayDriver } from './driver.ts';
export { createCompositeDriver } from './drivers/composite/driver.ts';
export { ChipForbidden, ChipNotFound, GpioRefused } from './drivers/gpio/chip.ts';
export { createGpioDriver, type GpioDriver, type GpioDriverOptions } from './drivers/gpio/driver.ts';
export { type InspectedPins, inspectPins } from './drivers/gpio/inspect.ts';
export { GpioUnavailable } from './drivers/gpio/kernel.ts';
export { DEFAULT_PINS, InvalidPins, LineBusy } from './drivers/gpio/lines.ts';
export { type RestLinesOptions, type RestPins, restLines } from './drivers/gpio/rest.ts';
export { ownLease } from './drivers/lease.ts';
export {
  createEsphomeDriver,
  type EsphomeDriverOptions,
  type EsphomeOutput,
} from './drivers/mqtt/esphome.ts';
export {
  createTasmotaDriver,
  type TasmotaDriverOptions,
  type TasmotaOutput,
} from './drivers/mqtt/tasmota.ts';
export { createShellyDriver, type ShellyDriverOptions, type ShellyOutput } from './drivers/shelly/driver.ts';
export { createSimulatedDriver, type SimulatedDriverOptions } from './drivers/simulated/driver.ts';
export { restCommand } from './guard/command.ts';
export { GuardLost } from './guard/guard.ts';
export { RELAY_SCOPES, TokenNeeded } from './http/access.ts';
export {
  createRelayHttpServer,
  RELAY_HTTP_PORT,
  type RelayHttpServer,
  type RelayHttpServerOptions,
} from './http/server.ts';
export { UnknownLoad } from './http/unknown-load.ts';
export type { Entry } from './logbook/entry.ts';
export { LogbookFailed } from './logbook/files.ts';
export { type Logbook, type LogbookOptions, openLogbook } from './logbook/logbook.ts';
export { InvalidAllowance } from './v02/allowance.ts';
export {
  createRelayClient,
  RelayAnswer,
  type RelayClient,
  type RelayClientOptions,
  RelayUnreachable,
} from './v02/client.ts';
export { RELAY_PORT } from './v02/protocol.ts';
export {
  createRelayServer,
  ListenFailed,
  type RelayServer,
  type RelayServerEvent,
  type RelayServerOptions,
} from './v02/server.ts';
