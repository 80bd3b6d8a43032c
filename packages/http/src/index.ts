export { type ApiOptions, addApi } from './api.ts';
export { type BearerToken, bearerOf, hashOf, newSecret, tokenOf } from './bearer.ts';
export {
  createDigestClient,
  type DeviceAnswer,
  type DigestClient,
  type DigestClientOptions,
  DigestRefused,
} from './digest-client.ts';
export {
  type EventStream,
  type EventStreamOptions,
  openEventStream,
  type SentEvent,
  streamEvents,
} from './events.ts';
export { createLogin, type Login, type LoginOptions } from './login.ts';
export { isLoopback } from './loopback.ts';
export type { ApiDescription } from './openapi.ts';
export { type Described, operation } from './operation.ts';
export {
  type Failure,
  type FailureRules,
  failureOf,
  faultShape,
  headOf,
  PROBLEM_TYPE,
  type Problem,
  type ProblemOptions,
  problemOf,
  problemShape,
  problemShapeOf,
  type Statuses,
  sendProblems,
} from './problem.ts';
export { RequestRefused } from './refused.ts';
export { createSessions, SESSION_LENGTH, type Sessions } from './sessions.ts';
