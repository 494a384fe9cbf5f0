// Written by services.build.ts.

/** False: `explainServices` says why. */
export function isServicesFile(value: unknown): boolean;
