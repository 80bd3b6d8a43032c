import { DaiseeError, messageOf } from '@daisee/units';

/** Thrown when the monitor cannot be asked right now: it is down, away, too slow or failing. */
export class MonitorUnreachable extends DaiseeError {
  constructor(url: string, why: string, cause?: unknown) {
    super({
      code: 'monitor.unreachable',
      message: `The monitor at ${url} cannot be reached: ${why}. Check that it runs and that node.url is right.`,
      retryable: true,
      values: { url, why },
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** Thrown when the monitor does not take the login. */
export class MonitorRefused extends DaiseeError {
  constructor(url: string, login: string, sensorId: number, status: number) {
    super({
      code: 'monitor.refused',
      message: `The monitor at ${url} refused login "${login}" for sensor ${sensorId} (HTTP ${status}): check node.login and node.password.`,
      retryable: false,
      values: { url, login, sensorId, status },
    });
  }
}

/** Thrown when the monitor does not answer to the name that it was asked by. */
export class MonitorNameRefused extends DaiseeError {
  constructor(url: string) {
    super({
      code: 'monitor.name-refused',
      message: `The monitor does not answer to the name in ${url}: put its address into node.url, or add the name to monitor.hosts where it runs.`,
      retryable: false,
      values: { url },
    });
  }
}

/** Thrown when what answers is not what a monitor says. */
export class MonitorAnswer extends DaiseeError {
  constructor(url: string, answer: string, problem: string, retryable = true) {
    super({
      code: 'monitor.answer',
      message: `The answer of ${url} is none of a monitor: ${problem} (it begins with ${JSON.stringify(answer.slice(0, 80))}). Check node.url.`,
      retryable,
      values: { url, answer: answer.slice(0, 1000), problem },
    });
  }
}

/** Thrown when the monitor has no sensor of that number. */
export class NoSuchSensor extends DaiseeError {
  constructor(url: string, sensorId: number, says: string) {
    super({
      code: 'monitor.no-such-sensor',
      message: `The monitor at ${url} has no sensor ${sensorId}: set node.sensorId. It says: ${says}`,
      retryable: false,
      values: { url, sensorId, says },
    });
  }
}

/** The root of what fetch throws: it wraps the socket's error. */
export const reasonOf = (error: unknown): string => {
  const { cause } = error as { cause?: unknown };
  const { code } = (cause ?? error) as { code?: unknown };
  const text = messageOf(cause ?? error);
  return typeof code === 'string' && !text.includes(code) ? `${code} ${text}`.trim() : text;
};
