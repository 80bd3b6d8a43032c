/** A PostgreSQL server to try things with: prints its address, ends when its input does. */
import { once } from 'node:events';
import { startPostgres } from '../test/support/postgres.ts';

const server = await startPostgres();
console.log(server.url);
process.stdin.resume();
await once(process.stdin, 'end');
await server.remove();
