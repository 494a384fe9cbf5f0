// NAME on the command line → the instance.

import { findInstance } from '../control/find-instance.js';
import type { RegistryEntry } from '../protocol/registry-entry.js';

export const instanceOf = (name: string | undefined): RegistryEntry => findInstance(name);
