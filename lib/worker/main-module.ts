// A plain program: the user's file is the main module. Serves what it exports, unless it listens by itself.

import { Server } from 'node:net';
import type { Boot } from '../protocol/words.js';
import { mainFile } from '../system/environment.js';
import { resolveHttps, type TlsOptions } from '../system/https-files.js';
import { evaluatedMain, onNextTurn } from '../system/main-module.js';
import type { ServerTracker } from '../system/server-tracker.js';
import { say } from '../system/uplink.js';
import { awaitedOptions } from './awaited-options.js';

/** Waits for the main module and then does what is left to do. Returns at once: the main module runs after the preload. */
export function reportMainModule(boot: Boot, tracker: ServerTracker): void {
  onNextTurn(async () => {
    const file = mainFile();
    const exported = file === undefined ? undefined : await evaluatedMain(file);
    if (boot.role === 'agent') await runAgent(exported);
    else if (!tracker.hasListened) await serve(exported, boot, tracker);
    if (boot.readyOn === 'online' || boot.role === 'agent') say({ act: 'ready' });
  });
}

async function runAgent(exported: unknown): Promise<void> {
  if (typeof exported === 'function' && !isClass(exported)) await (exported as () => unknown)();
}

async function serve(exported: unknown, boot: Boot, tracker: ServerTracker): Promise<void> {
  const https = boot.serve.isHttps ? resolveHttps((await awaitedOptions())['https'] as TlsOptions) : undefined;
  const { toServer } = await import('./exported-server.js');
  const server = await toServer(exported, { ...boot.serve, https }, () => tracker.hasListened);
  if (server === undefined || tracker.hasListened) return;
  if (tracker.untilAdmitted !== undefined) {
    tracker.onHeld(); // Our listen would be held back like any other, and could not yield to one of the application's own.
    await tracker.untilAdmitted;
    if (tracker.hasListened) return;
  }
  yieldTo(tracker, server);
  const { port, host } = boot.serve;
  server.listen(host === undefined ? { port } : { port, host });
}

/** An application that exports itself for its tests and listens later, after its database is there, gets the address back. */
function yieldTo(tracker: ServerTracker, implicit: Server): void {
  let isAsking = true;
  const whenKnown = new Promise<void>(resolve => {
    const end = () => {
      isAsking = false;
      resolve();
    };
    implicit.once('listening', end).once('error', end);
  });
  const yieldAddress = () => {
    if (implicit.listening) Server.prototype.close.call(implicit); // Only stops accepting: http's close may reset what was accepted.
  };
  tracker.onListen = server => {
    if (server === implicit) return undefined;
    if (isAsking) return whenKnown.then(yieldAddress); // What has been asked for cannot be taken back.
    yieldAddress();
    return undefined;
  };
}

function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}
