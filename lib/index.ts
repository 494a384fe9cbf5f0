// Door: what programs may use.

export { Client } from './control/client.js';
export { type ConnectOptions, connect } from './control/connect.js';
export { ClusterAgentWorkerError, ClusterError, ClusterWorkerExceptionError, type ErrorCode, type ErrorKind } from './errors.js';
export type { ClusterHTTPSSecureOptions } from './master/call-options.js';
export type { Cluster } from './master/cluster.js';
export { Master, type MasterOptions } from './master/master.js';
export { type StartOptions, startCluster } from './master/start-cluster.js';
export type { StopOptions } from './master/stop-patience.js';
export type { Address, ClusterEvent, EventOf, EventType } from './protocol/events.js';
export type { LogLine } from './protocol/log-line.js';
export type { ClusterOptions, ClusterStartMode } from './protocol/options.js';
export type {
  Account,
  ChildSnapshot,
  ClusterSnapshot,
  InstanceStatus,
  PortStatus,
  StopAccount,
  TimedEvent,
  WorkerStatus,
} from './protocol/snapshot.js';
export type { StopReport } from './supervision/stop-in-order.js';
