/** The embedded chain as a service. */
import { createEmbeddedChain } from '@daisee/chain';
import { createHostNames, isLoopback } from '@daisee/http';
import type { Clock, Duration } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import type { Output } from '../output.ts';

export interface ChainPartOptions {
  readonly clock: Clock;
  readonly output: Output;
  readonly lifecycle: Lifecycle;
  readonly host: string;
  readonly port: number;
  /** Names that it answers to besides its own. */
  readonly hosts?: readonly string[] | undefined;
  readonly blockTime: Duration;
  readonly directory: string;
}

/** Starts the embedded chain; it ends with the lifecycle. */
export const startChain = async ({
  clock,
  output,
  lifecycle,
  host,
  port,
  hosts,
  blockTime,
  directory,
}: ChainPartOptions): Promise<void> => {
  const chain = createEmbeddedChain({
    directory,
    host,
    port,
    isOwnName: createHostNames({ loopbackOnly: isLoopback(host), names: hosts }).accepts,
    blockTime,
    clock,
    onEvent: (event) => event.type === 'started' || output.note(event.message),
  });
  lifecycle.started({ name: 'the chain', stop: () => chain.stop() });
  await chain.start(lifecycle.signal);
  const { number } = chain.latest();
  output.result(
    `Chain ${chain.chainId} on ${chain.url}, at block ${number}, a block every ${blockTime / 1000} s, kept in ${directory}.`,
    {
      type: 'listening',
      url: chain.url,
      chainId: chain.chainId,
      block: number,
      directory,
    },
  );
};
