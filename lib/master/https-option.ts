// The https option and its files.

import type { ClusterOptions, Issue } from '../protocol/options.js';
import { isEgg4 } from '../system/entries.js';
import { whyUnreadable } from '../system/project-files.js';
import { list } from './option-values.js';

/** Key and certificate as one option, whichever of the three ways they were given. */
export function httpsOf(options: ClusterOptions, issues: Issue[], isTerse: boolean): Record<string, unknown> | undefined {
  const { https, httpsKey, httpsCert } = options;
  const own = typeof https === 'object' ? https : https === true ? { key: options.key, cert: options.cert } : {};
  const key = httpsKey ?? own.key;
  const cert = httpsCert ?? own.cert;
  if (https === undefined && key === undefined && cert === undefined) return undefined;
  if (https === false) return undefined;
  const { ca } = own as { ca?: string | string[] };
  const files: [string, string | undefined][] = [['key', key], ['cert', cert], ...list(ca).map((file): [string, string] => ['ca', file])];
  for (const [name, file] of files) {
    const reason = file === undefined ? 'it is not given' : file.includes('-----BEGIN') ? undefined : whyUnreadable(file);
    const advice = `${file ?? ''} (${reason}). Give the full path of a readable PEM file.`;
    const isThere = isEgg4 && file !== undefined ? ' file' : '';
    if (reason) issues.push({ kind: 'configuration', message: `options.https.${name}${isThere} should exists`, advice });
    if (reason && isTerse) break; // As egg-cluster: the first.
  }
  return { ...own, key, cert };
}
