// Door: for users' own tests.

export { FakeClock } from './testing/fake-clock.js';
export { FakeProcess } from './testing/fake-process.js';
export { launchCluster, type SpawnedCluster, type SpawnOptions, spawnCluster } from './testing/spawn-cluster.js';
