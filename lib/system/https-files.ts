// TLS options whose key, cert and ca are paths → with their contents.

import { readFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';

export interface TlsOptions {
  readonly key?: unknown;
  readonly cert?: unknown;
  readonly ca?: unknown;
  readonly [option: string]: unknown;
}

/** Undefined unless there is both a key and a certificate. Buffers and PEM texts are taken as they are. */
export function resolveHttps(options: TlsOptions): ServerOptions | undefined {
  if (!options.key || !options.cert) return undefined;
  const files = { key: contentOf(options.key), cert: contentOf(options.cert), ...(options.ca ? { ca: [options.ca].flat().map(contentOf) } : {}) };
  return { ...options, ...files } as ServerOptions;
}

function contentOf(value: unknown): unknown {
  return typeof value === 'string' && !value.includes('-----BEGIN') ? readFileSync(value) : value;
}
