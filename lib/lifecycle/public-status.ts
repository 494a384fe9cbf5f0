// The few words outsiders see, projected from the many states inside.

export type PublicStatus = 'starting' | 'running' | 'degraded' | 'reloading' | 'stopping' | 'stopped';

export interface ClusterFacts {
  readonly phase: 'starting' | 'up' | 'stopping' | 'stopped';
  readonly isReloading: boolean;
  readonly ready: number;
  readonly wanted: number;
}

export function publicStatus({ phase, isReloading, ready, wanted }: ClusterFacts): PublicStatus {
  if (phase !== 'up') return phase;
  if (isReloading) return 'reloading';
  return ready < wanted ? 'degraded' : 'running';
}
