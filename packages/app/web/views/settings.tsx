import { useEffect, useRef, useState } from 'preact/hooks';
import type { Identity, NodeSettings, OwnSourceState } from '../../src/api.ts';
import { get, send } from '../ask.ts';
import { decimal, instant } from '../format.ts';
import { Card } from '../parts/card.tsx';
import { communityNow } from '../store.ts';
import { type Sentence, sentenceOf, Told } from '../told.tsx';
import { say, type Word } from '../words/words.ts';
import type { ViewProps } from './view.ts';

type Field = keyof NodeSettings;
const LABELS: Readonly<Record<Field, Word>> = {
  price: 'priceAsked',
  limit: 'limitHelp',
  delta: 'delta',
  resume: 'resume',
  priceCap: 'priceCap',
  budget: 'budget',
};
const NUMBERS: ReadonlySet<Field> = new Set(['limit', 'resume']);

const textOf = (settings: NodeSettings, field: Field): string => {
  const value = settings[field];
  return value === null || value === undefined
    ? ''
    : String(value)
        .replace(/(\.\d*?)0+$/, '$1')
        .replace(/\.$/, '');
};

const valueIn = (field: Field, text: string): string | number | null => {
  const written = decimal(text);
  // Where nothing is no answer the server says so.
  if (written === '') return null;
  return NUMBERS.has(field) ? Number(written) : written;
};

const NodeForm = () => {
  const [settings, setSettings] = useState<NodeSettings | undefined>();
  const [texts, setTexts] = useState<Partial<Record<Field, string>>>({});
  const [said, setSaid] = useState<{ readonly text: Sentence; readonly bad: boolean } | undefined>();
  useEffect(() => {
    get<NodeSettings>('settings').then(setSettings, (error: unknown) =>
      setSaid({ text: sentenceOf(error), bad: true }),
    );
  }, []);
  if (!settings)
    return said ? (
      <p class="bad">
        <Told said={said.text} />
      </p>
    ) : null;
  const fields = (Object.keys(LABELS) as Field[]).filter((field) => field in settings);
  const save = async (): Promise<void> => {
    const changes = Object.fromEntries(
      Object.entries(texts).map(([field, text]) => [field, valueIn(field as Field, text)]),
    );
    try {
      setSettings(await send<NodeSettings>('settings', changes, 'PATCH'));
      setTexts({});
      setSaid({ text: say('saved'), bad: false });
    } catch (error) {
      setSaid({ text: sentenceOf(error), bad: true });
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {fields.map((field) => (
        <label key={field}>
          {/* Without a fuel gauge there is no state of charge to go by. */}
          {say(field === 'limit' && !('resume' in settings) ? 'limitEnergy' : LABELS[field])}
          <input
            name={field}
            inputMode="decimal"
            autocomplete="off"
            value={texts[field] ?? textOf(settings, field)}
            onInput={(event) => setTexts({ ...texts, [field]: event.currentTarget.value })}
          />
        </label>
      ))}
      <button type="submit" class="main" disabled={Object.keys(texts).length === 0}>
        {say('save')}
      </button>
      {said && (
        <p class={said.bad ? 'bad' : 'good'} role={said.bad ? 'alert' : 'status'}>
          <Told said={said.text} />
        </p>
      )}
    </form>
  );
};

const MINUTES = [10, 60, 240, 1440];

const Override = ({ identity }: { readonly identity: Identity }) => {
  const [held, setHeld] = useState<OwnSourceState>({});
  const [minutes, setMinutes] = useState(60);
  const [asks, setAsks] = useState(false);
  const [wrong, setWrong] = useState<Sentence | undefined>();
  const question = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    get<OwnSourceState>('relay/own').then(setHeld, (error: unknown) => setWrong(sentenceOf(error)));
  }, []);
  const order = async (time: number): Promise<void> => {
    setAsks(false);
    setWrong(undefined);
    try {
      setHeld(await send<OwnSourceState>('relay/own', { minutes: time }));
    } catch (error) {
      setWrong(sentenceOf(error));
    }
  };
  // It takes the focus, on the answer that changes nothing, keeps it, and gives it back.
  useEffect(() => {
    if (asks) question.current?.showModal();
    else question.current?.close();
  }, [asks]);
  const isHeld = held.until !== undefined && held.until > communityNow();
  return (
    <Card title={say('override')}>
      <p>{say('overrideHelp')}</p>
      {isHeld && held.until !== undefined && (
        <p class="good">
          {say('overrideHeld', { time: instant(held.until, communityNow()) })}{' '}
          <button type="button" onClick={() => void order(0)}>
            {say('release')}
          </button>
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setAsks(true);
        }}
      >
        <label>
          {say('overrideFor')}
          <select value={minutes} onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
            {MINUTES.map((time) => (
              <option key={time} value={time}>
                {time < 60 ? say('lastMinutes', { n: time }) : say('lastHours', { n: time / 60 })}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">{say('override')}</button>
      </form>
      <dialog
        ref={question}
        role="alertdialog"
        aria-label={say('override')}
        aria-describedby="override-asked"
        onClose={() => setAsks(false)}
      >
        <p id="override-asked">{say('overrideConfirm', { name: identity.name, minutes })}</p>
        <div class="choices">
          <button type="button" class="main" onClick={() => void order(minutes)}>
            {say('yes')}
          </button>
          <button type="button" autofocus onClick={() => setAsks(false)}>
            {say('cancel')}
          </button>
        </div>
      </dialog>
      {wrong !== undefined && (
        <p class="bad" role="alert">
          <Told said={wrong} identity={identity} />
        </p>
      )}
    </Card>
  );
};

export const Settings = ({ identity, session, onLogin }: ViewProps) => {
  if (!session.loggedIn)
    return (
      <Card title={say('settings')}>
        <p>{say('loginNeeded')}</p>
        <button type="button" class="main" onClick={onLogin}>
          {say('login')}
        </button>
      </Card>
    );
  if (!identity.agent)
    return (
      <Card title={say('settings')}>
        <p>{say('noAgent')}</p>
      </Card>
    );
  return (
    <>
      <Card title={say('settings')}>
        <NodeForm />
      </Card>
      {identity.kind === 'consumer' && identity.relay && <Override identity={identity} />}
    </>
  );
};
