// Door: what code in agent and app workers may use. `trackConnections` also elsewhere.

export type { ClosedConnections } from './system/close-gracefully.js';
export type { Deadline } from './system/patience.js';
export { type TrackedConnections, trackConnections } from './system/track-connections.js';
export { type Listener, type Messenger, messenger, type Responder } from './worker/messenger.js';
