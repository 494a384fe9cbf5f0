// Rows G: profiles of a gateway.

import type { ProfilesSource } from '../../protocol/services.schema.js';
import type { SourceServices } from './sources.js';

export async function profileServices(_source: ProfilesSource, _folder: string): Promise<SourceServices> {
  return { services: [] };
}
