// What a keeper means to its master: sockets and memory that were there before, signals passed on, a successor some day.

import { ClusterError } from '../errors.js';
import type { Instance } from '../instance/instance.js';
import { obeyKeeper, type SignalHandlers } from '../instance/signals.js';
import type { Birth } from '../protocol/keeper-words.js';
import { BEAT_MS } from '../protocol/words.js';
import { repeatUnref } from '../system/clock.js';
import { goneWithin } from '../system/gone-within.js';
import type { KeeperLine } from '../system/keeper-line.js';
import { identityOf, signalIdentity } from '../system/process-identity.js';
import type { Cluster } from './cluster.js';
import type { ClusterNeeds } from './cluster-needs.js';
import type { Settings } from './settings.js';
import { Succession } from './succession.js';

export interface Kept {
  readonly line: KeeperLine;
  readonly birth: Birth;
}

export async function keptBy(line: KeeperLine | undefined): Promise<Kept | undefined> {
  return line && { line, birth: await line.birth };
}

/** Resolves when the last agent is gone: there are never two. */
async function agentGone({ line, birth }: Kept, succession: Succession, { timeouts }: Settings): Promise<void> {
  line.say({ act: 'yield-agent' });
  await succession.agentYielded;
  const { agent } = birth.memory;
  if (agent === undefined) return;
  const { stop = 0, kill = 0 } = timeouts.agent;
  if (await goneWithin([agent], stop + kill)) return;
  signalIdentity(agent, 'SIGKILL');
  await goneWithin([agent], kill);
}

/** Those of a predecessor that was killed serve until there are others. */
function followApps(line: KeeperLine, { memory, isUpgrade }: Birth, { cluster, succession }: Pick<KeptFacts, 'cluster' | 'succession'>): void {
  const theirs = memory.apps ?? [];
  let orphans = isUpgrade ? [] : theirs; // A predecessor that lives looks after its own.
  const tell = () => line.remember({ apps: [...orphans, ...(cluster.workforce?.apps.workers ?? []).flatMap(({ pid }) => identityOf(pid) ?? [])] });
  cluster.on('child-started', tell);
  cluster.on('child-left', tell);
  const relieve = () => {
    for (const orphan of orphans) signalIdentity(orphan, 'SIGTERM');
    orphans = [];
    tell();
  };
  cluster.on('cluster-started', relieve);
  succession.onAlone = () => {
    orphans = theirs;
    if (cluster.wasStarted) relieve();
  };
}

/** The sums go on over a master's death, and over an upgrade. */
function followLosses(line: KeeperLine, { memory, isUpgrade }: Birth, cluster: Cluster): void {
  const { losses } = memory;
  const forget = cluster.on('child-forked', () => {
    forget();
    if (losses !== undefined && !isUpgrade) cluster.workforce?.losses.inherit(losses);
  });
  repeatUnref(BEAT_MS, () => line.remember({ losses: cluster.snapshot().losses }));
  cluster.on('cluster-stopped', () => line.say({ act: 'bequeath', losses: cluster.snapshot().losses }));
}

export function newSuccession({ line }: Kept, cluster: () => Cluster, instance: Instance): Succession {
  const leave = () => {
    instance.bequeath();
    void cluster().stop({ isSucceeded: true });
  };
  return new Succession({ line, emit: event => cluster().tell(event), workforce: () => cluster().workforce, leave });
}

export function keptNeeds(kept: Kept, succession: Succession, settings: Settings): Pick<ClusterNeeds, 'sockets' | 'beforeAgent' | 'upgrade'> {
  return {
    sockets: kept.line.sockets,
    beforeAgent: () => agentGone(kept, succession, settings),
    upgrade: node => succession.ask(node),
  };
}

const NO_KEEPER =
  'upgrade: there is no keeper to start a new master. Start with `app-cluster start`, without --no-keeper; a program that calls startCluster() is its own master.';

export function notKept(): Promise<never> {
  return Promise.reject(new ClusterError('ERR_NO_KEEPER', NO_KEEPER));
}

export interface KeptFacts {
  readonly kept: Kept;
  readonly cluster: Cluster;
  readonly instance: Instance;
  readonly succession: Succession;
  readonly handlers: SignalHandlers;
}

/** From now on it does what the keeper passes on, and tells it what a successor must know. */
export function followKeeper({ kept: { line, birth }, cluster, instance, succession, handlers }: KeptFacts): void {
  const { settings } = cluster;
  const { predecessor } = birth;
  if (predecessor !== undefined && !birth.isUpgrade) cluster.tell({ type: 'master-replaced', ...predecessor });
  const hear = obeyKeeper(handlers);
  line.listen((word, handle) => {
    if (word.act === 'signal') hear(word.name);
    else succession.hear(word, handle);
  });
  line.onLost(() => {
    cluster.tell({ type: 'keeper-lost', pid: line.pid });
    void cluster.stop();
  });
  const tellFiles = () => line.remember({ files: { ...instance.files, pidFile: settings.pidFile } });
  tellFiles();
  cluster.on('cluster-started', tellFiles);
  line.remember({ name: instance.name, stopMs: settings.timeouts.budgetMs + settings.upkeep.lameDuckMs, upgradeMs: settings.upkeep.upgradeMs });
  cluster.on('child-forked', ({ role, pid }) => role === 'agent' && line.remember({ agent: identityOf(pid) }));
  followApps(line, birth, { cluster, succession });
  followLosses(line, birth, cluster);
  cluster.on('cluster-resized', ({ workers }) => line.remember({ workers }));
}
