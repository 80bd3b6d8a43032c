import type { HealthState, Part } from '../../src/api.ts';
import { instant } from '../format.ts';
import { communityNow, usePage } from '../store.ts';
import { type Sentence, Told } from '../told.tsx';
import { say } from '../words/words.ts';

const saidBy = ({ message = '', ...rest }: HealthState): Sentence => ({ message, ...rest });

const partName = (part: Part): string => say(part);

/** What does not work now, since when and what to do; nothing when all works. */
export const HealthBanner = () => {
  const { live, identity } = usePage();
  const wrong = live?.health.filter(({ ok }) => !ok) ?? [];
  if (wrong.length === 0) return null;
  return (
    <ul class="banner bad" role="status">
      {wrong.map((one) => (
        <li key={one.part}>
          <strong>{partName(one.part)}</strong> <Told said={saidBy(one)} identity={identity} />{' '}
          <span class="note">{say('since', { time: instant(one.since, communityNow()) })}</span>
        </li>
      ))}
    </ul>
  );
};

/** Every part with its state. */
export const HealthTable = () => {
  const { live, identity, connected } = usePage();
  return (
    <ul class={connected ? 'health' : 'health stale'}>
      {live?.health.map((one) => (
        <li key={one.part} class={one.ok ? 'good' : 'bad'}>
          <span class="dot" aria-hidden="true" />
          <strong>{partName(one.part)}</strong> <span>{say(one.ok ? 'works' : 'fails')}</span>{' '}
          <span class="note">{say('since', { time: instant(one.since, communityNow()) })}</span>
          {!one.ok && (
            <p>
              <Told said={saidBy(one)} identity={identity} />
            </p>
          )}
        </li>
      ))}
    </ul>
  );
};
