// Services that are described elsewhere. Each kind of source is an adapter onto the same spec.

import type { InvalidService, ServiceSpec } from '../../protocol/service-spec.js';
import type { ServicesFile } from '../../protocol/services.schema.js';
import { manifestServices } from './manifests.js';
import { profileServices } from './profiles.js';

export interface SourceServices {
  readonly services: readonly ServiceSpec[];
  /** Listed, and never started. */
  readonly invalid?: readonly InvalidService[];
  /** What is odd, and no error. */
  readonly warnings?: readonly string[];
  /** Of profiles: the one that is meant where none is named. */
  readonly active?: string | undefined;
  /** What is wrong with the source itself. */
  readonly issues?: readonly string[];
}

export type Source = NonNullable<ServicesFile['sources']>[number];

export async function servicesOfSource(source: Source, folder: string): Promise<SourceServices> {
  return 'manifests' in source ? manifestServices(source.manifests, folder) : profileServices(source, folder);
}
