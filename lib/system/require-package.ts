// Packages that exist both as CommonJS and as ES modules, as CommonJS: they load faster, and what they share (utility) only once.

import { createRequire } from 'node:module';

export const requirePackage: <T>(name: string) => T = createRequire(import.meta.url);
