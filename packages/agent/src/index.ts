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
export { readBooked, readSources, type SourceTurn } from './sources.ts';
export { AgentStoreError } from './store-row.ts';
export type { ConsumerWishes, ProducerWishes } from './wishes.ts';
