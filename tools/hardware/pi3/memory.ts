import { readFileSync } from 'node:fs';

/** What a process keeps in memory, as a text: all of it, and its share where pages are shared. */
export const memoryOf = (pid: number): string => {
  const status = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (name: string) =>
    (Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(status)?.[1]) / 1024).toFixed(0);
  return `${megabytes('Rss')} MB resident, ${megabytes('Pss')} MB of it its share`;
};
