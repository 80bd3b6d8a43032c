import { DaiseeError } from '@daisee/units';

/** Settings that cannot be used: every problem of the file at once, each with its path, what it got and needs. */
export class SettingsError extends DaiseeError {
  readonly problems: readonly string[];

  constructor(file: string, problems: readonly string[]) {
    super({
      code: 'cli.settings',
      message: problems.map((problem) => `${file}: ${problem}`).join('\n'),
      retryable: false,
      values: { file, problems },
    });
    this.problems = problems;
  }
}

/** Levenshtein's edit distance, on words as short as a key of the settings. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap);
    }
    row = next;
  }
  return row[b.length] ?? 0;
};

/** The known word nearest to a mistyped one. */
export const nearest = (word: string, known: readonly string[]): string | undefined =>
  known.toSorted(
    (a, b) => distance(word.toLowerCase(), a.toLowerCase()) - distance(word.toLowerCase(), b.toLowerCase()),
  )[0];
