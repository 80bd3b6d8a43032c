export { type ConsumerOptions, createConsumer } from './consumer.ts';
export { decide } from './decide.ts';
export type { AgentEvent } from './events.ts';
export type { Feed, Source } from './feed.ts';
export { type Agent, NoAccount, type StopOptions } from './life.ts';
export type { AgentLedger, AgentMonitor, AgentRelay } from './ports.ts';
export { createProducer, type ProducerOptions } from './producer.ts';
export { RegisterBehind } from './register-behind.ts';
export {
  type ConsumerRules,
  type ConsumerSettings,
  consumerRules,
  type ProducerSettings,
  type SellerSettings,
} from './settings.ts';
export type { Action, Inputs, Market, State } from './situation.ts';
export { createStatusClient } from './status/client.ts';
export { createStatusServer } from './status/server.ts';
export { type AgentStatus, type AgentView, type SourceTurn, silentFor } from './status/status.ts';
export { AgentStoreError } from './store-row.ts';
export type { ConsumerWishes, ProducerWishes } from './wishes.ts';
