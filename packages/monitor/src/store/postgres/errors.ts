import { StoreError } from '../errors.ts';

export const serverTooOld = (name: string, version: string): StoreError =>
  new StoreError({
    code: 'monitor.store-too-old',
    message: `The store ${name} is on PostgreSQL ${version}: version 15 or newer is needed.`,
    retryable: false,
    values: { store: name, version },
  });
