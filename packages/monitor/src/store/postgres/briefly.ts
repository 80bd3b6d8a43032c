/** How long an answer is remembered, in real ms: it spares the server a question with each request. */
const MEMORY = 1000;

/** An answer that every request needs and that hardly ever changes. */
export interface Briefly<T> {
  get(): Promise<T>;
  /** To be called after each change made here; those of other monitors are seen within a second. */
  forget(): void;
}

/** Remembers answers for a second; a failed one is asked again at once. */
export const createBriefly = <T>(ask: () => Promise<T>): Briefly<T> => {
  let kept: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return {
    get: async () => {
      const now = performance.now();
      if (!kept || now - kept.at > MEMORY) kept = { at: now, answer: ask() };
      const asked = kept;
      try {
        return await asked.answer;
      } catch (error) {
        if (kept === asked) kept = undefined;
        throw error;
      }
    },
    forget: () => {
      kept = undefined;
    },
  };
};
