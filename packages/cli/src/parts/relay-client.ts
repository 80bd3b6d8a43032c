/** The agent's way to its relay: HTTP where `relay.url` is set, the v0.2 protocol otherwise. */
import type { AgentRelay } from '@daisee/agent';
import { createRelayClient, createRelayHttpClient, RELAY_PORT } from '@daisee/relay';
import type { Duration } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import type { Output } from '../output.ts';
import { leaseFor } from '../settings/lease.ts';
import type { RelaySettings } from '../settings/relay.ts';
import { certificateFrom, relayTokenNow } from '../settings/secrets.ts';

/** @returns the client, and where it asks, for people. */
export const relayClient = (
  relay: RelaySettings,
  {
    output,
    lifecycle,
    period,
  }: {
    readonly output: Output;
    readonly lifecycle: Lifecycle;
    /** How often its lease is renewed. */
    readonly period?: Duration;
  },
): { readonly relay: AgentRelay; readonly where: string } => {
  const { host, port = RELAY_PORT, url, ca } = relay;
  if (url === undefined) return { relay: createRelayClient({ host, port }), where: `${host}:${port}` };
  const token = relayTokenNow(relay, output.note);
  const client = createRelayHttpClient({
    url,
    lease: leaseFor(period),
    token,
    ...(ca === undefined ? {} : { ca: certificateFrom(ca) }),
    onRefusal: (_code, detail) => output.note(`The relay refused: ${detail}`),
  });
  lifecycle.started({ name: 'the connection to the relay', stop: async () => client.close() });
  return { relay: client, where: url };
};
