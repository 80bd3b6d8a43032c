/** A node's App with its history of the chain. */
import { type App, type AppOptions, createApp, createFront, type Front } from '@daisee/app';
import { createHistory, type Ledger } from '@daisee/chain';
import { systemClock } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';

export interface FrontPartOptions {
  readonly host?: string;
  readonly port: number;
  readonly hosts?: readonly string[] | undefined;
  readonly lifecycle: Lifecycle;
}

/** Opens the address of an App before there is one. @throws AppListen */
export const startFront = async ({ lifecycle, ...options }: FrontPartOptions): Promise<Front> => {
  const front = createFront(options);
  await front.start();
  lifecycle.started({ name: 'the address of the App', stop: () => front.stop() });
  return front;
};

export interface AppPartOptions extends Omit<AppOptions, 'history' | 'ledger'> {
  readonly ledger: Ledger;
  /** Where the history is kept. */
  readonly historyFile: string;
  readonly lifecycle: Lifecycle;
  readonly onTrouble: (text: string) => void;
}

/** Starts the App at its front; it ends with the lifecycle. */
export const startApp = async (options: AppPartOptions): Promise<App> => {
  const { historyFile, lifecycle, onTrouble, ...given } = options;
  const { ledger } = given;
  const history = createHistory({
    ledger,
    file: historyFile,
    // The people at the page have the machine's time, also where the community's runs faster.
    clock: systemClock,
    onChange: (change) => {
      app.onHistory(change);
      if (change.type === 'away') onTrouble(`The App's history waits for the chain: ${change.message}`);
      if (change.type === 'back') onTrouble('The chain is back: the App’s history goes on.');
    },
  });
  const app: App = createApp({
    ...given,
    history,
    onFailure: (request, error) => onTrouble(`The App failed at ${request}: ${String(error)}`),
  });
  await history.start();
  lifecycle.started({ name: 'the history of the chain', stop: () => history.stop() });
  await app.start();
  lifecycle.started({ name: 'the App', stop: () => app.stop() });
  return app;
};
