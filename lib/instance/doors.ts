// Where one instance can be asked: its socket, and on TCP where that was wanted.

import { type Door, type ServeNeeds, serveAdmin, serveControl } from '../control/server.js';
import type { Emit } from '../protocol/events.js';
import type { AdminAddress } from '../system/admin-address.js';
import type { Abandoned, HttpServer } from '../system/http-server.js';
import { newTokens, readTokens, writeTokens } from '../system/tokens.js';
import { fileFacts, removeFile } from '../system/whole-files.js';

/** A predecessor stops listening when it has heard of us. */
const INHERITED_WITHIN_MS = 5_000;

export class Doors {
  readonly #emit: Emit;
  #socket: { readonly path: string; readonly server: HttpServer } | undefined;
  #admin: { readonly tokenFile: string; readonly server: HttpServer } | undefined;

  #abandoned: readonly Abandoned[] = [];

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** @param isHeir who answers there now will stop to */
  async openSocket(path: string, needs: ServeNeeds, isHeir = false): Promise<void> {
    this.#socket = { path, server: await serveControl(path, needs, isHeir) };
  }

  /** An heir has the tokens that are known already, and waits for the port. */
  async openAdmin(address: AdminAddress, tokenFile: string, { isHeir, ...needs }: ServeNeeds & { readonly isHeir: boolean }): Promise<void> {
    if (this.#admin !== undefined) return;
    const tokens = (isHeir ? readTokens(tokenFile) : undefined) ?? newTokens();
    const door: Door = { host: address.host, tokens };
    const server = await serveAdmin(address, { ...needs, door }, isHeir ? INHERITED_WITHIN_MS : 0);
    this.#admin = { tokenFile, server };
    writeTokens(tokenFile, tokens);
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.#emit({ type: 'admin-listening', address: `http://${host}:${server.port}`, tokenFile });
  }

  /** Somebody has removed the socket: nobody would find us any more. */
  async restoreSocket(needs: ServeNeeds): Promise<void> {
    const lost = this.#socket;
    if (lost === undefined || fileFacts(lost.path) !== undefined) return;
    await this.openSocket(lost.path, needs);
    void lost.server.abandon();
  }

  /** Others answer here from now on. */
  abandon(): void {
    const [socket, admin] = [this.#socket, this.#admin];
    this.#socket = undefined;
    this.#admin = undefined;
    this.#abandoned = [socket, admin].flatMap(door => door?.server.abandon() ?? []);
  }

  async close(): Promise<void> {
    const [socket, admin] = [this.#socket, this.#admin];
    this.#socket = undefined;
    this.#admin = undefined;
    if (admin !== undefined) removeFile(admin.tokenFile);
    await Promise.all([socket?.server.close(), admin?.server.close(), ...this.#abandoned.map(door => door.end())]);
  }
}
