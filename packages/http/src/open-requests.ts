/** Requests that are under way, by the right that let them in: they end when it does, not when their client is done. */
import type { ServerResponse } from 'node:http';

export interface OpenRequestsOptions {
  /** Of these rights, those that hold no more. Asked only while something is open under them. */
  readonly ended: (rights: readonly string[]) => Promise<readonly string[]> | readonly string[];
  /** Hears of rights that cannot be looked up just now: what is open under them goes on until they can. */
  readonly onFailure: (error: unknown) => void;
  /** Real ms between two looks: it guards sockets, so no clock of ours. 400: a right that ended ends its streams within a second. */
  readonly every?: number;
}

export interface OpenRequests {
  /** Remembers a request that was let in by a right, until it is answered. */
  add(right: string, response: ServerResponse): void;
  /** Cuts what is open under a right, now. */
  end(right: string): void;
  /** Looks no more. */
  close(): void;
}

const EVERY = 400;

export const createOpenRequests = ({
  ended,
  onFailure,
  every = EVERY,
}: OpenRequestsOptions): OpenRequests => {
  const open = new Map<string, Set<ServerResponse>>();
  let looking = false;
  const end = (right: string): void => {
    const responses = open.get(right);
    open.delete(right);
    for (const response of responses ?? []) response.destroy();
  };
  const look = async (): Promise<void> => {
    if (open.size === 0 || looking) return;
    looking = true;
    try {
      for (const right of await ended([...open.keys()])) end(right);
    } catch (error) {
      onFailure(error);
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), every);
  timer.unref();
  return {
    add: (right, response) => {
      if (response.destroyed || response.writableFinished) return;
      const responses = open.get(right) ?? new Set();
      open.set(right, responses);
      responses.add(response);
      response.once('close', () => {
        responses.delete(response);
        if (responses.size === 0 && open.get(right) === responses) open.delete(right);
      });
    },
    end,
    close: () => clearInterval(timer),
  };
};
