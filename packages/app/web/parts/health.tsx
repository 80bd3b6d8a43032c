import type { Part } from '../../src/api.ts';
import { instant, named } from '../format.ts';
import { communityNow, usePage } from '../store.ts';
import { say } from '../words/words.ts';

const partName = (part: Part): string => say(part);

/** What does not work now, since when and what to do; nothing when all works. */
export const HealthBanner = () => {
  const { live, identity } = usePage();
  const wrong = live?.health.filter(({ ok }) => !ok) ?? [];
  if (wrong.length === 0) return null;
  return (
    <ul class="banner bad" role="status">
      {wrong.map(({ part, message, since }) => (
        <li key={part}>
          <strong>{partName(part)}</strong> {message && identity && named(message, identity)}{' '}
          <span class="note">{say('since', { time: instant(since, communityNow()) })}</span>
        </li>
      ))}
    </ul>
  );
};

/** Every part with its state. */
export const HealthTable = () => {
  const { live, identity } = usePage();
  return (
    <ul class="health">
      {live?.health.map(({ part, ok, since, message }) => (
        <li key={part} class={ok ? 'good' : 'bad'}>
          <span class="dot" aria-hidden="true" />
          <strong>{partName(part)}</strong> <span>{say(ok ? 'works' : 'fails')}</span>{' '}
          <span class="note">{say('since', { time: instant(since, communityNow()) })}</span>
          {message !== undefined && identity && <p>{named(message, identity)}</p>}
        </li>
      ))}
    </ul>
  );
};
