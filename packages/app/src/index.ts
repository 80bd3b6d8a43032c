export type { NodeSettings, OwnSourceState } from './api.ts';
export { type App, AppExposed, type AppOptions, createApp } from './app.ts';
export { builtPage, PageUnbuilt } from './page.ts';
export { AppListen, AppNotListening, createFront, type Front, type FrontOptions } from './server/front.ts';
export type {
  AppAgent,
  AppHistory,
  AppLedger,
  AppMonitor,
  AppRelay,
  SourceWires,
  Trouble,
} from './view/ports.ts';
