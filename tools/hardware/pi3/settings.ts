/** Settings, key and passwords of the node that runs inside, written where an installation has them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKey, writeKeyFile } from '../../../packages/chain/src/index.ts';
import { systemClock } from '../../../packages/units/src/index.ts';

const FOLDER = '/etc/daisee';

/** Nobody listens on port 9: the agent waits for its chain. The addresses are those of any test chain. */
const settings = (address: string): string => `contracts:
  node: http://127.0.0.1:9
  daisee: "0x5FbDB2315678afecb367f032d93F642f64180aa3"
  token: "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
node:
  name: Node 1
  address: "${address}"
  keystore: ${FOLDER}/keystore
  accountpswdFile: ${FOLDER}/password
  passwordFile: ${FOLDER}/password
  url: http://127.0.0.1:8080
  login: daisee
  sensorId: 1
  type: C
  limit: 20
  delta: 50
  channel: 0
sellers:
  Node 2:
    account: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    channel: 1
relay:
  host: 127.0.0.1
  serve: true
  driver: gpio
  pins: [17, 18, 27, 22]
  data: /run/daisee/relay
monitor:
  port: 8080
  login: daisee
  passwordFile: ${FOLDER}/password
  data: /run/daisee/monitor
  meter:
    driver: simulated
    power: 40
app: false
`;

/** Writes them below a root that is being made. */
export const writeSettings = async (root: string): Promise<void> => {
  const folder = join(root, FOLDER);
  mkdirSync(folder, { recursive: true });
  // The least cost: what unlocking a real key takes is geth's standard, and not asked here.
  const file = await writeKeyFile(join(folder, 'keystore'), createKey(), 'emulated', {
    now: systemClock.now(),
    cost: 2,
  });
  writeFileSync(join(folder, 'password'), 'emulated\n', { mode: 0o600 });
  writeFileSync(join(folder, 'parameters.yml'), settings(`0x${file.slice(-40)}`), { mode: 0o600 });
};
