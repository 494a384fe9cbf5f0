/** Of a worker that has done nothing yet. */
export const VITALS = {
  atMs: 0,
  rssBytes: 0,
  heapUsedBytes: 0,
  cpuMs: 0,
  loopUtilization: 0,
  connections: 0,
  accepted: 0,
  adopted: 0,
  handedOver: 0,
  answered: 0,
  requests: 0,
  inFlight: 0,
};
