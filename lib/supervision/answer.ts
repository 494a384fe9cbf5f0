// A child has failed: what is to be done about it?

import type { Goal } from '../lifecycle/reconcile.js';
import type { Child } from './child.js';
import { type GroupSpec, isForGood } from './group-needs.js';
import type { Rollout } from './rollout.js';

export type Answer = 'nothing' | 'halt' | 'abort' | 'leave-empty' | 'give-up' | 'retry';

export interface AnswerFacts {
  readonly goal: Goal;
  readonly children: readonly Child[];
  /** The group has reached a goal before. */
  readonly hasSettled: boolean;
  readonly rollout: Rollout | undefined;
  readonly now: number;
}

export function answerTo(child: Child, spec: GroupSpec, { goal, children, hasSettled, rollout, now }: AnswerFacts): Answer {
  if (goal.size <= child.slot || isReplaced(child, children)) return 'nothing';
  if (!hasSettled && !spec.retriesFirst) return 'halt'; // A first boot that cannot succeed should say so at once.
  const isNewcomer = rollout?.isNewcomer(child, goal.generation, now) ?? false;
  if (isNewcomer && rollout?.isOverWith(child)) return 'abort';
  const isBesideWorn = children.some(({ id, slot }) => id === goal.worn && slot === child.slot); // Its slot is not empty.
  if (!spec.refork && !isNewcomer && !isBesideWorn) return 'leave-empty';
  const hasLeftByItself = child.failedBy !== 'overdue'; // One that was told to go may say 0.
  return hasLeftByItself && isForGood(child.exit, spec) ? 'give-up' : 'retry';
}

/** One that hung is killed when another serves in its place: there is nothing more to be done. */
function isReplaced({ slot, failedBy, readyAt }: Child, children: readonly Child[]): boolean {
  return failedBy === 'overdue' && readyAt !== undefined && children.some(other => other.slot === slot && other.status === 'ready');
}
