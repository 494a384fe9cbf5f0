// Starts a fixture application on a fixture framework through startCluster, as a framework's start script does.

import { launchCluster, type SpawnedCluster, type SpawnOptions, spawnCluster } from '../../lib/testing.js';
import { fixture } from './fixtures.js';

export const FRAMEWORK = fixture('frameworks/ready-framework');

export interface EggOptions extends Omit<SpawnOptions, 'isScript'> {
  /** Of startCluster; framework and baseDir have defaults. */
  readonly options?: Record<string, unknown>;
}

const toSpawn = ({ options, env, ...rest }: EggOptions): SpawnOptions => ({
  ...rest,
  isScript: true,
  env: { NODE_ENV: 'production', ...env, OPTIONS: JSON.stringify({ framework: FRAMEWORK, baseDir: fixture('eggs/plain'), ...options }) },
});

export const spawnEgg = (options: EggOptions = {}): Promise<SpawnedCluster> => spawnCluster(fixture('scripts/start.cjs'), toSpawn(options));
export const launchEgg = (options: EggOptions = {}): Promise<SpawnedCluster> => launchCluster(fixture('scripts/start.cjs'), toSpawn(options));
