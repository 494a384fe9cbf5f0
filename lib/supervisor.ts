// Door: many services in a process of yours.

export type { ClusterEvent, EventOf, EventType } from './protocol/events.js';
export type { ServiceCondition, ServiceStatus, ServiceStopAccount, UpAccount } from './protocol/service-status.js';
export type { ServicesFile } from './protocol/services.schema.js';
export type { StopAccount, TimedEvent } from './protocol/snapshot.js';
export type { Channel, StartServiceOptions, StopServiceOptions, SupervisorHandle } from './supervisor/handle.js';
export { type StartSupervisorOptions, startSupervisor } from './supervisor/start-supervisor.js';
