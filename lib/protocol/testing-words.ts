// How a test follows a cluster: the whole event stream over the parent's channel.

/** Set to 1 by whoever wants the stream. */
export const EVENTS_VARIABLE = 'APP_CLUSTER_TELL_EVENTS';
export const EVENT_ACTION = 'app-cluster-event';
