// Which one step brings a group nearer its goal? Boot, scale, reload, re-fork and stop are all this question. Pure.

import type { Status } from './child-life.js';

export interface Goal {
  /** Slots 0 … size-1 are to be filled. */
  readonly size: number;
  readonly generation: number;
  /** How many slots may be swapped at a time in a reload. */
  readonly surge: number;
  /** Of a restart: those of earlier generations leave at once, and nobody is added until it is over. */
  readonly isHeld?: boolean;
  /** Of a reload: nobody leaves for a newcomer until the first of them has served for a while. */
  readonly isUnproven?: boolean;
  /** A generation that is to go again: its reload was called off. */
  readonly rejected?: number | undefined;
  /** Id of the one that is worn out: it is replaced as in a reload, newcomer first. */
  readonly worn?: number | undefined;
}

export interface Member {
  readonly id: number;
  readonly slot: number;
  readonly status: Status;
  readonly generation: number;
}

export type Step = { readonly do: 'add'; readonly slot: number } | { readonly do: 'retire' | 'kill'; readonly id: number } | { readonly do: 'wait' | 'rest' };

/** `members` are the children that still have a process; `mayAdd` says whether a slot may be forked now. */
export function reconcile(members: readonly Member[], goal: Goal, mayAdd: (slot: number) => boolean): Step {
  const present = members.filter(({ status }) => status !== 'lost' && status !== 'gone');
  if (goal.isHeld) return outdated(present, goal) ?? { do: 'wait' };
  return (
    surplus(present, goal) ??
    firstOf(goal.size, slot => superseded(inSlot(present, slot), goal)) ??
    firstOf(goal.size, slot => vacancy(inSlot(present, slot), slot, mayAdd)) ??
    swap(present, goal, mayAdd) ?? { do: isSettled(present, goal) ? 'rest' : 'wait' }
  );
}

function outdated(present: readonly Member[], goal: Goal): Step | undefined {
  const member = present.find(candidate => mayLeave(candidate) && !isFresh(candidate, goal));
  return member && leave(member);
}

function isSettled(present: readonly Member[], goal: Goal): boolean {
  return present.length === goal.size && present.every(member => isReady(member) && isFresh(member, goal));
}

/** Slots beyond the size: the highest leaves first. */
function surplus(present: readonly Member[], goal: Goal): Step | undefined {
  const [member] = present
    .filter(({ slot }) => slot >= goal.size)
    .filter(mayLeave)
    .toSorted((a, b) => b.slot - a.slot);
  return member && leave(member);
}

/** Of one slot's members only one stays: a ready one of the goal's generation as soon as there is one. */
function superseded(members: readonly Member[], goal: Goal): Step | undefined {
  const fresh = members.filter(member => isFresh(member, goal));
  const keeper = fresh.find(isReady) ?? fresh.find(isStaying);
  const leaving = members.filter(member => member !== keeper && mayLeave(member));
  const victim = leaving.find(member => (isReady(keeper) && !goal.isUnproven) || (isStaying(member) && mayGoUnreplaced(member, goal, keeper)));
  return victim && leave(victim);
}

/** One that never served can go before its replacement is there. */
function mayGoUnreplaced(member: Member, goal: Goal, keeper: Member | undefined): boolean {
  return member.status === 'starting' && (!isFresh(member, goal) || keeper !== undefined);
}

function vacancy(members: readonly Member[], slot: number, mayAdd: (slot: number) => boolean): Step | undefined {
  return !members.some(isStaying) && mayAdd(slot) ? { do: 'add', slot } : undefined;
}

/** Start first: the newcomer is added beside its predecessor, which leaves when the newcomer is ready. */
function swap(present: readonly Member[], goal: Goal, mayAdd: (slot: number) => boolean): Step | undefined {
  const staying = present.filter(isStaying);
  const outdated = staying.filter(member => !isFresh(member, goal));
  const hasNewcomer = (slot: number) => staying.some(member => member.slot === slot && isFresh(member, goal));
  const swapping = outdated.filter(({ slot }) => hasNewcomer(slot)).length;
  const next = outdated.filter(({ slot }) => !hasNewcomer(slot) && mayAdd(slot)).toSorted((a, b) => a.slot - b.slot)[0];
  return next && swapping < goal.surge ? { do: 'add', slot: next.slot } : undefined;
}

/** Newer than the goal is fresh too, unless it was rejected. */
const isFresh = ({ id, generation }: Member, goal: Goal) => generation >= goal.generation && generation !== goal.rejected && id !== goal.worn;
const inSlot = (members: readonly Member[], slot: number) => members.filter(member => member.slot === slot);
const isReady = (member: Member | undefined) => member?.status === 'ready';
const isStaying = ({ status }: Member) => status === 'ready' || status === 'starting';
const mayLeave = (member: Member) => isStaying(member) || member.status === 'hung';

/** A hung child cannot drain. */
function leave({ id, status }: Member): Step {
  return { do: status === 'hung' ? 'kill' : 'retire', id };
}

function firstOf<T>(count: number, of: (index: number) => T | undefined): T | undefined {
  for (let index = 0; index < count; index++) {
    const found = of(index);
    if (found !== undefined) return found;
  }
  return undefined;
}
