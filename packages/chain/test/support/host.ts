/**
 * A process that hosts the embedded chain of a directory and writes to it until it is killed. Says `ready <anvil's
 * parent>` once, then `mined <hash> <block> <block hash> <register>` for each receipt it has.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Register, systemClock } from '@daisee/units';
import { connectLedger, createEmbeddedChain, type Deployment, deployContracts } from '../../src/index.ts';

const directory = process.argv[2] ?? '';
const chain = createEmbeddedChain({
  directory,
  port: 0,
  blockTime: Duration(30),
  clock: systemClock,
  onEvent: ({ type, message }) => {
    if (type === 'trouble') console.log(`trouble ${message}`);
  },
});
await chain.start();
const signer = chain.treasury;
const poll = { clock: systemClock, pollInterval: Duration(5) };
const record = join(directory, 'deployment.json');
if (!existsSync(record)) {
  const deployed = await deployContracts({ url: chain.url, signer, admin: signer.address, ...poll });
  writeFileSync(record, JSON.stringify(deployed));
}
const { exchange, coin } = JSON.parse(readFileSync(record, 'utf8')) as Deployment;
const ledger = connectLedger({
  url: chain.url,
  exchange,
  coin,
  signer,
  outbox: join(directory, 'outbox.sqlite'),
  ...poll,
});
await ledger.start();
if (!(await ledger.node(signer.address)).active)
  await ledger.registerNode({ account: signer.address, kind: 'producer' });
console.log('ready');
for (let register = (await ledger.production(signer.address)) + 1n; ; register++) {
  const { hash, block } = await ledger.reportProduction(Register(register));
  console.log(`mined ${hash} ${block} ${register}`);
}
