// What is wanted of each service, and what was seen of it last: a file each in the state folder, apart from what is running.

import { stateFolder } from '../control/registry.js';
import { parseState, type ServiceState, statesFolder, stateText } from '../control/service-states.js';
import { messageOf } from '../errors.js';
import type { Emit } from '../protocol/events.js';
import { fileNameOf, parseObject } from '../protocol/registry-entry.js';
import { readDurable, writeDurable } from '../system/durable-file.js';
import { privateFolder } from '../system/private-folder.js';
import { fileNames } from '../system/whole-files.js';

export class StateBook {
  readonly #folder: string;
  readonly #options: string;
  readonly #emit: Emit;
  #active: string | undefined;
  readonly #states = new Map<string, ServiceState>();
  readonly #writing = new Map<string, Promise<void>>();

  constructor(supervisor: string, emit: Emit) {
    this.#folder = statesFolder(supervisor);
    this.#options = `${stateFolder(supervisor)}/clusters`;
    this.#emit = emit;
  }

  fileOf(name: string): string {
    return `${this.#folder}/${fileNameOf(name)}.json`;
  }

  /** For the options of a cluster, which its own process reads. */
  optionsFileOf(name: string): string {
    return `${this.#options}/${fileNameOf(name)}.json`;
  }

  /** Reads what there is. Throws ERR_UNSAFE_FOLDER. */
  open(): void {
    privateFolder(this.#folder);
    privateFolder(this.#options);
    const active = readDurable(this.#activeFile, text => parseObject(text)?.['active']);
    if (typeof active === 'object' && typeof active.value === 'string') this.#active = active.value;
    const files = fileNames(this.#folder).filter(name => /\.json(?:\.bak)?$/.test(name));
    for (const file of new Set(files.map(name => name.replace(/\.bak$/, '')))) this.#read(`${this.#folder}/${file}`);
  }

  of(name: string): ServiceState {
    return this.#states.get(name) ?? { version: 1, name };
  }

  get names(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** Resolves when it is on the disk, or cannot be: that is told, and tried again with the next change. */
  set(name: string, facts: Partial<Omit<ServiceState, 'version' | 'name'>>): Promise<void> {
    this.#states.set(name, { ...this.of(name), ...facts });
    const before = this.#writing.get(name);
    const written = (before ?? Promise.resolve()).then(() => this.#write(name));
    this.#writing.set(name, written);
    return written;
  }

  /** The profile that is meant where none is named. */
  get active(): string | undefined {
    return this.#active;
  }
  async setActive(name: string): Promise<void> {
    this.#active = name;
    await writeDurable(this.#activeFile, `${JSON.stringify({ active: name })}\n`);
  }
  get #activeFile(): string {
    return `${this.#options}/active`;
  }

  /** Resolves when everything is on the disk. */
  async settled(): Promise<readonly string[]> {
    await Promise.all(this.#writing.values());
    return [...this.#writing.keys()];
  }

  async #write(name: string): Promise<void> {
    const path = this.fileOf(name);
    try {
      await writeDurable(path, stateText(this.of(name)), before => parseState(before) !== undefined);
    } catch (error) {
      this.#emit({ type: 'state-unwritable', path, reason: messageOf(error) });
    }
  }

  #read(path: string): void {
    const found = readDurable(path, parseState);
    if (found === 'broken') this.#emit({ type: 'state-restored', path, reason: 'neither it nor its backup can be read: what the services file says holds' });
    if (found === undefined || found === 'broken' || this.#states.has(found.value.name)) return;
    this.#states.set(found.value.name, found.value);
    if (found.isBackup) this.#emit({ type: 'state-restored', path, reason: 'it was cut or is garbage: the state before it holds' });
  }
}
