// placeholder until the adapter lands
import type { OwnConfig } from '../protocol/service-spec.js';
export async function writeAddress(_config: OwnConfig, _address: { readonly port: number; readonly host: string }): Promise<void> {}
