export { type ApiOptions, addApi } from './api.ts';
export { type Attempts, createAttempts } from './attempts.ts';
export { type BearerToken, bearerOf, hashOf, isNewSecret, newSecret, tokenOf } from './bearer.ts';
export { boundConnections, type ConnectionBounds } from './connections.ts';
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
export { createHostNames, type HostNames, type HostNamesOptions, wrongName } from './host-names.ts';
export { isLoopback } from './loopback.ts';
export { NO_SCHEMAS } from './no-schemas.ts';
export { createOpenRequests, type OpenRequests, type OpenRequestsOptions } from './open-requests.ts';
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
  routerProblems,
  type Statuses,
  sendProblems,
} from './problem.ts';
export { RequestRefused } from './refused.ts';
export { createSessions, SESSION_LENGTH, type Sessions, type SessionsOptions } from './sessions.ts';
