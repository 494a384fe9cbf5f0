// Rows S: every manifest.json below a folder describes a micro-service.

import type { SourceServices } from './sources.js';

export async function manifestServices(_path: string, _folder: string): Promise<SourceServices> {
  return { services: [] };
}
