export { type Answers, type Speaker, serveAnswers } from './answers.ts';
export { ask, checkProblem, type HttpReply, sendBytes } from './http.ts';
export { distorted, hostileBytes, hostileJson, hostileText, nearly, nearlyBytes, torn } from './inputs.ts';
export { hasMosquitto, startMosquitto } from './mosquitto.ts';
export { type HostileRequest, httpBytes, type OpenApiDocument, requestsOf } from './requests.ts';
export { type HostileTarget, hostile } from './target.ts';
