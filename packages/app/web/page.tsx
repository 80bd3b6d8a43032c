/** The frame of every place: where one can go, who one is, what is wrong. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { send } from './ask.ts';
import { HealthBanner } from './parts/health.tsx';
import { type Place, places, usePlace } from './places.ts';
import { begin, usePage } from './store.ts';
import { Consumption } from './views/consumption.tsx';
import { Home } from './views/home.tsx';
import { Login } from './views/login.tsx';
import { Network } from './views/network.tsx';
import { Purchases } from './views/purchases.tsx';
import { Settings } from './views/settings.tsx';
import { Transactions } from './views/transactions.tsx';
import { Wallet } from './views/wallet.tsx';
import { currentLanguage, type Language, say, setLanguage } from './words/words.ts';

const views = {
  home: Home,
  purchases: Purchases,
  transactions: Transactions,
  wallet: Wallet,
  network: Network,
  consumption: Consumption,
  settings: Settings,
};

const nameOf = (place: Place): string => say(place === 'purchases' ? 'purchasesShort' : place);

const LanguageChoice = ({ onChoice }: { readonly onChoice: () => void }) => (
  <select
    class="language"
    aria-label={say('language')}
    value={currentLanguage()}
    onChange={(event) => {
      setLanguage(event.currentTarget.value as Language);
      onChoice();
    }}
  >
    <option value="en">English</option>
    <option value="fr">Français</option>
  </select>
);

export const Page = () => {
  const { session, identity, connected } = usePage();
  const place = usePlace();
  const [asksLogin, askLogin] = useState(false);
  const [, redraw] = useState(0);
  useEffect(() => {
    document.title = `${identity?.name ?? 'DAISEE'} · ${say(place)}`;
  }, [place, identity?.name]);
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    // Another place begins at its top, for readers of the screen too.
    document.getElementById('content')?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [place]);

  if (!session) return <p class="starting">DAISEE …</p>;
  if (!session.loggedIn && (!session.view || asksLogin))
    return (
      <Login {...(session.view ? { onCancel: () => askLogin(false) } : {})} onDone={() => askLogin(false)} />
    );
  if (!identity) return <p class="starting">DAISEE …</p>;
  const View = views[place];
  const logout = async (): Promise<void> => {
    await send('logout', {});
    await begin();
  };
  return (
    <>
      <a class="skip" href="#content">
        {say('skip')}
      </a>
      <header class="top">
        <a class="brand" href="#/home">
          <img src="icon.svg" alt="" width="28" height="28" />
          <strong>{identity.name}</strong>
          <span class="chip">{say(identity.kind)}</span>
        </a>
        <nav aria-label={say('menu')}>
          {places.map((one) => (
            <a
              key={one}
              href={`#/${one}`}
              data-text={nameOf(one)}
              {...(one === place ? { 'aria-current': 'page' as const } : {})}
            >
              {nameOf(one)}
            </a>
          ))}
        </nav>
        <div class="session">
          <LanguageChoice onChoice={() => redraw((times) => times + 1)} />
          {session.loggedIn ? (
            <button type="button" class="quiet" onClick={() => void logout()}>
              {say('logout')}
            </button>
          ) : (
            <button type="button" class="quiet" onClick={() => askLogin(true)}>
              {say('login')}
            </button>
          )}
        </div>
      </header>
      <main id="content" class={place} tabIndex={-1}>
        {!connected && (
          <p class="banner bad" role="status">
            {say('disconnected')}
          </p>
        )}
        <HealthBanner />
        <View identity={identity} session={session} onLogin={() => askLogin(true)} />
      </main>
    </>
  );
};
