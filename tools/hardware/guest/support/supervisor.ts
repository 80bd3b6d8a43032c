/**
 * Plays systemd's part, and no more of it than this: brings the pins to rest (`ExecStartPre=`), starts the service, and
 * when its main process has ended runs the same again (`ExecStopPost=`). On a real machine systemd does this, and
 * outlives whatever is killed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { restCommand } from '../../../../packages/relay/src/guard/command.ts';
import { file } from './relay.ts';

const [service = '', rest = ''] = process.argv.slice(2);
const [command = '', ...toRest] = restCommand(JSON.parse(rest));
spawnSync(command, toRest, { stdio: 'inherit' });
const child = spawn(process.execPath, [file('service.ts'), service], { stdio: 'inherit' });
console.log(`service=${child.pid}`);
child.on('exit', () => spawn(command, toRest, { stdio: 'inherit' }));
