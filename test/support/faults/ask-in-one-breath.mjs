// A program with a supervisor of its own: what WISHES say, start or stop, it asks in one turn of the event loop, and says what came of it.
import { startSupervisor } from '../../../dist/lib/supervisor.js';

const { FILE, SERVICE, WISHES, NAME = 'sup' } = process.env;
const handle = await startSupervisor(FILE, { name: NAME, logFiles: false });
const ends = await Promise.allSettled(WISHES.split(' ').map(wish => handle[wish](SERVICE)));
const { status, desired, pid } = await handle.status(SERVICE);
console.log(JSON.stringify({ status, desired, pid, failures: ends.flatMap(({ reason }) => (reason === undefined ? [] : reason.message)) }));
await handle.stop();
