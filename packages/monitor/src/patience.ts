import { DaiseeError } from '@daisee/units';

/** Thrown when something outside (a serial port, a sensor) did not answer in time. */
class NoAnswer extends DaiseeError {
  constructor(who: string, milliseconds: number) {
    super({
      code: 'monitor.no-answer',
      message: `${who} did not answer within ${milliseconds / 1000} s: check its connection.`,
      retryable: true,
      values: { who, milliseconds },
    });
  }
}

/**
 * Waits for real input or output, but no longer than so many of the machine's milliseconds: a sensor that hangs
 * hangs in real time, whatever clock the samples are on.
 * @throws NoAnswer when the time is over; the promise then goes on unheard.
 */
export const within = async <T>(milliseconds: number, who: string, promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(who, milliseconds)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};
