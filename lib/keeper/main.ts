// Entry of the keeper: what `app-cluster start` becomes. Its pid is the one that init systems, containers and pid files see.

import { systemClock } from '../system/clock.js';
import { commandLine, exitProcess } from '../system/environment.js';
import { isBackgroundJob, writesToTerminal } from '../system/job-control.js';
import { startMaster } from '../system/master-process.js';
import { removeOwned } from '../system/owned-files.js';
import { hasParent, parentLine } from '../system/parent-line.js';
import { onSignals } from '../system/signals.js';
import { takeSystemdSockets } from '../system/systemd-sockets.js';
import { Keeper } from './keeper.js';

/** SIGUSR1 is the inspector's. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGBREAK', 'SIGHUP', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU'] as const;

const parent = parentLine();
const keeper = new Keeper({
  clock: systemClock,
  random: Math.random,
  start: (node, listener) => startMaster(commandLine(), node, listener),
  hasParent,
  passed: takeSystemdSockets(),
  tellParent: message => parent.send(message),
  leave: (code, { files }) => {
    removeOwned(files ?? {});
    exitProcess(code);
  },
});
const isStep = (name: string) => name === 'SIGTTIN' || name === 'SIGTTOU';
// With `stty tostop` the kernel tries a write again for ever where TTOU is listened to; and in the background both mean something else.
const audible = SIGNALS.filter(name => name !== 'SIGTTOU' || !writesToTerminal());
onSignals(audible, name => {
  if (!isStep(name) || !isBackgroundJob()) keeper.hear(name);
});
parent.listen(message => keeper.relay(message));
keeper.start();
