export {
  type Board,
  type BoardEvent,
  BoardNotRunning,
  type BoardOptions,
  createBoard,
  DwellNotOver,
  type LoadSource,
  type OrderOptions,
  type RestReason,
  UnknownChannel,
} from './board/board.ts';
export { ReadBackDiffers, StateUnknown } from './board/contacts.ts';
export { feeding, type Source, TwoSources } from './board/interlock.ts';
export { defaultWiring, InvalidWiring, type Load, type SellerContact, type Wiring } from './board/wiring.ts';
export { type ChannelStates, DriverFailed, type RelayDriver } from './driver.ts';
export { createSimulatedDriver, type SimulatedDriverOptions } from './drivers/simulated/driver.ts';
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
