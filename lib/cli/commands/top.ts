// app-cluster top: looks at every instance once a second. Gives the terminal back however it ends.

import { connect } from '../../control/connect.js';
import { clientOf, findService } from '../../control/find-service.js';
import { type Listed, listInstances } from '../../control/list.js';
import { messageOf } from '../../errors.js';
import { repeat, systemClock, wallClockMs } from '../../system/clock.js';
import { onProcessExit } from '../../system/environment.js';
import { untilInterrupted } from '../../system/interrupt.js';
import { columns, isInteractive, onKeys, onResize, rows, write } from '../../system/terminal.js';
import type { CommandSpec } from '../command.js';
import { time } from '../render/units.js';
import { sayLines } from '../say.js';
import { type Action, INITIAL, onKey, rowsOf, type Seen, selectedAt, type TopState } from '../top/state.js';
import { heightOf, screenOf } from '../top/view.js';

const LOOK_MS = 1_000;
/** Alternate screen, no cursor, no wrapping; and back. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';

export const top: CommandSpec = {
  name: 'top',
  summary: 'Watch all instances and their workers; reload, restart, kill by key',
  run: async () => {
    if (isInteractive()) return watch();
    const seen = await look();
    sayLines(screenOf(seen, INITIAL, { columns: columns(), rows: rowsOf(seen, INITIAL).length + 4 }, time(wallClockMs())).filter(Boolean));
    return 0;
  },
};

async function look(): Promise<readonly Seen[]> {
  return Promise.all((await listInstances()).map(seenOf));
}

async function seenOf({ name, pid, address, socket }: Listed): Promise<Seen> {
  const status = await connect(socket).then(
    client => client.status(),
    () => undefined,
  );
  return { name, pid, address: address ?? '', status: status?.status === undefined ? undefined : status };
}

async function watch(): Promise<number> {
  let seen = await look();
  let state: TopState = selectedAt(INITIAL, rowsOf(seen, INITIAL), 0, 1);
  let lastFrame: readonly string[] = [];
  const screen = () => ({ columns: columns(), rows: rows() });
  const draw = () => {
    const lines = screenOf(seen, state, screen(), time(wallClockMs()));
    write(lines.map((line, index) => (line === lastFrame[index] ? '' : `\x1b[${index + 1};1H${line}\x1b[K`)).join(''));
    lastFrame = lines;
  };
  const redraw = () => {
    lastFrame = [];
    write('\x1b[2J');
    draw();
  };
  const report = (message: string) => {
    state = { ...state, message };
    draw();
  };
  let isLooking = false;
  const refresh = async () => {
    if (isLooking) return;
    isLooking = true;
    seen = await look().catch(() => seen);
    isLooking = false;
    draw();
  };
  const over = new AbortController();
  onProcessExit(() => write(LEAVE));
  write(ENTER);
  redraw();
  const letGo = [
    repeat(systemClock, LOOK_MS, () => void refresh()),
    onResize(redraw),
    onKeys(key => {
      const reaction = onKey(state, key, rowsOf(seen, state), heightOf(screen()));
      state = reaction.state;
      if (reaction.isOver) return over.abort();
      draw();
      if (reaction.action) void act(reaction.action, report);
    }),
  ];
  const signal = AbortSignal.any([untilInterrupted(), over.signal]);
  if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
  for (const release of letGo) release();
  return 0;
}

async function act({ verb, instance, worker }: Action, report: (message: string) => void): Promise<void> {
  try {
    const service = verb === 'kill' ? undefined : findService(instance);
    if (service !== undefined && verb !== 'reload') {
      await clientOf(service).verbs[verb === 'stop' ? 'stopService' : 'restartService']({ service: service.service });
      return report(`${verb} ${instance}: done`);
    }
    const client = await connect(instance);
    if (verb === 'kill') await client.kill(worker ?? '');
    else await client[verb]();
    report(`${verb} ${instance}: done`);
  } catch (error) {
    report(`${verb} ${instance}: ${messageOf(error).split('\n')[0]}`);
  }
}
