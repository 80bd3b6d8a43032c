import { useState } from 'preact/hooks';
import { send } from '../ask.ts';
import { begin } from '../store.ts';
import { type Sentence, sentenceOf, Told } from '../told.tsx';
import { say } from '../words/words.ts';

export const Login = ({
  onCancel,
  onDone,
}: {
  readonly onCancel?: () => void;
  readonly onDone: () => void;
}) => {
  const [password, setPassword] = useState('');
  const [wrong, setWrong] = useState<Sentence | undefined>();
  const [busy, setBusy] = useState(false);
  const login = async (): Promise<void> => {
    setBusy(true);
    try {
      await send('login', { password });
      await begin();
      onDone();
    } catch (error) {
      setWrong(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main id="content" class="login" tabIndex={-1}>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void login();
        }}
      >
        <h1>
          <img src="icon.svg" alt="" width="36" height="36" /> DAISEE
        </h1>
        <label>
          {say('password')}
          <input
            type="password"
            autocomplete="current-password"
            autofocus
            required
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        {wrong !== undefined && (
          <p class="bad" role="alert">
            <Told said={wrong} />
          </p>
        )}
        <div class="choices">
          <button type="submit" class="main" disabled={busy}>
            {say('login')}
          </button>
          {onCancel && (
            <button type="button" class="quiet" onClick={onCancel}>
              {say('cancel')}
            </button>
          )}
        </div>
      </form>
    </main>
  );
};
