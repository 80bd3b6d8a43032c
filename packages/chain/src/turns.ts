/** Work that must not overlap. */
export interface Turns {
  /** Runs the work after all that was asked before has ended, however that ended. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Waits for its turn; the function returned ends it. */
  take(): Promise<() => void>;
}

/** One at a time, in the order asked. */
export const createTurns = (): Turns => {
  let last: Promise<void> = Promise.resolve();
  const take = async (): Promise<() => void> => {
    const before = last;
    const mine = Promise.withResolvers<void>();
    last = mine.promise;
    await before;
    return mine.resolve;
  };
  return {
    take,
    run: async (work) => {
      const end = await take();
      try {
        return await work();
      } finally {
        end();
      }
    },
  };
};
