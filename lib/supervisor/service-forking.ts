// Makes the processes of one service: spawned from its launch, or adopted; asked in the way its spec says, and believed only when what
// answers is its own.

import { controlSocketOf } from '../control/registry.js';
import type { Emit } from '../protocol/events.js';
import { type ServiceSpec, STOP_COMMAND_MS } from '../protocol/service-spec.js';
import type { Place } from '../supervision/group-needs.js';
import type { Clock } from '../system/clock.js';
import { askText } from '../system/http-client.js';
import { markTextOf } from '../system/instance-mark.js';
import { isLocalHost } from '../system/local-host.js';
import { PortProof } from '../system/port-proof.js';
import { type ProbeProgram, probeHttp, probeTcp, runWithin, type Verdict } from '../system/probes.js';
import { identityOf } from '../system/process-identity.js';
import { isWithin } from '../system/process-tree.js';
import { adoptLife, type ServiceLife, spawnLife } from '../system/service-life.js';
import { readServicePid } from '../system/service-pid-file.js';
import type { HealthFacts } from './health-watch.js';
import { type Launch, reachable } from './launch.js';
import { ServiceProcess } from './service-process.js';
import { Turns } from './turns.js';

/** A check that hangs takes one of many places: it delays no other. Programs cost more than connections. */
const AT_ONCE = 256;
const PROGRAMS_AT_ONCE = 16;
/** It is no process of the service: a stop must not end it. */
export const STOP_COMMAND_MARK = 'x';
/**
 * Of a TCP check that was healthy: every third one connects, the others look whether the process still holds the socket that has answered. The
 * kernel says no more to who connects, and a connection costs thirty times as much: 1.0 against 0.4 % of a core with two hundred services.
 */
const TRIED_EVERY = 3;
const connections = new Turns(AT_ONCE);
const programs = new Turns(PROGRAMS_AT_ONCE);

export interface ForkingNeeds {
  /** `SUP/SVC`. */
  readonly fullName: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly emit: Emit;
  readonly onHealth: (facts: HealthFacts, pid: number) => void;
}

export interface Forked {
  readonly place: Place;
  readonly life: ServiceLife;
  readonly spec: ServiceSpec;
  readonly launch: Launch;
}

export const spawnFor = (launch: Launch, mark: string): ServiceLife => spawnLife(launch.program, mark);

export function serviceProcess({ place, life, spec, launch }: Forked, { fullName, clock, random, emit, onHealth }: ForkingNeeds): ServiceProcess {
  const proof = new PortProof();
  const program = (command: readonly string[], mark: string): ProbeProgram => {
    const { cwd, runAs } = launch.program;
    return { command, cwd, env: launch.environment, mark, ...(runAs && { runAs }) };
  };
  const isOwn = (pid: number) => markTextOf(pid) === made.life.mark || isWithin(pid, made.life.pid);
  let held = 0;
  const mayTrustHeld = () => spec.health.kind === 'tcp' && made.facts?.isHealthy === true && proof.isHeld && ++held % TRIED_EVERY !== 0;
  const probe = async (limitMs: number): Promise<Verdict> => {
    if (mayTrustHeld()) return undefined;
    const verdict = await ask(spec, launch, { fullName, limitMs, program: command => program(command, made.life.mark) });
    return verdict ?? (isForeign(launch, proof, { likely: made.pid, isOwn }) ? `another process answers on port ${launch.port}` : undefined);
  };
  const { stopCommand } = launch;
  const made: ServiceProcess = new ServiceProcess({
    place,
    life,
    check: spec.health,
    stopPlan: spec.stop,
    signalsLeaderOnly: spec.run.kind === 'cluster',
    clock,
    random,
    probe,
    socket: () => proof.proven,
    runStopCommand: stopCommand && (over => runWithin(program(stopCommand, `${life.mark}${STOP_COMMAND_MARK}`), STOP_COMMAND_MS, over)),
    successor: spec.pidFile === undefined ? undefined : left => successorOf(spec, left),
    onHealth: facts => onHealth(facts, made.pid),
    onStep: step => emit({ type: 'service-stop-step', service: spec.name, pid: made.pid, step }),
  });
  return made;
}

interface Asking {
  readonly fullName: string;
  readonly limitMs: number;
  readonly program: (command: readonly string[]) => ProbeProgram;
}

function ask({ health }: ServiceSpec, { healthUrl, healthCommand = [], host, port = 0 }: Launch, { fullName, limitMs, program }: Asking): Promise<Verdict> {
  if (health.kind === 'exec') return programs.run(() => runWithin(program(healthCommand), limitMs));
  if (health.kind === 'http') return connections.run(() => probeHttp(healthUrl ?? '', limitMs));
  if (health.kind === 'tcp') return connections.run(() => probeTcp(reachable(host), port, limitMs));
  return connections.run(() => probeControl(fullName, limitMs));
}

async function probeControl(name: string, limitMs: number): Promise<Verdict> {
  const answer = await askText({ socketPath: controlSocketOf(name) }, '/readyz', limitMs);
  return answer === undefined ? 'it is not ready' : undefined;
}

interface Owners {
  readonly likely: number;
  readonly isOwn: (pid: number) => boolean;
}

function isForeign({ port, host }: Launch, proof: PortProof, { likely, isOwn }: Owners): boolean {
  return port !== undefined && isLocalHost(host) && proof.verdict(port, reachable(host), likely, isOwn) === 'foreign';
}

/** A daemon that has put itself into the background says in its pid file who goes on; believed when it carries the mark of the one that left. */
function successorOf({ pidFile }: ServiceSpec, { mark }: ServiceLife): ServiceLife | undefined {
  const pid = pidFile === undefined ? undefined : readServicePid(pidFile);
  if (pid === undefined || markTextOf(pid) !== mark) return undefined;
  const identity = identityOf(pid);
  return identity && adoptLife(identity, mark, false);
}
