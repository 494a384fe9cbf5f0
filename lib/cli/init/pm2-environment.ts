// PM2's env, env_production and port: variables of the workers, and the port among them.

import type { Pm2Keys } from './pm2-keys.js';
import type { Translation } from './pm2-rules.js';
import { isRecord, readPort, readVariable, shown } from './pm2-values.js';

const CHOSEN = 'env_production';

/** env with env_production over it: what `pm2 start --env production` runs with. */
export function environmentOf(keys: Pm2Keys): Translation {
  const others = [...keys.keys()].filter(key => key.startsWith('env_'));
  const blocks = ['env', ...others].filter(key => keys.has(key)).map(key => ({ key, value: keys.get(key) }));
  const issues = blocks.filter(({ value }) => !isRecord(value)).map(({ key, value }) => `${key}: should be an object of variables, got ${shown(value)}`);
  if (issues.length > 0) return { issues };
  const variables = new Map(['env', CHOSEN].flatMap(key => Object.entries(keys.get(key) ?? {})));
  return { ...optionsOf(variables, keys.get('port')), notes: notesOn(others, keys.has('env')) };
}

/** The key port wins over the variable PORT, as in PM2. A PORT that is no number is the program's own business. */
function optionsOf(variables: ReadonlyMap<string, unknown>, port: unknown): Translation {
  const own = readPort(port ?? variables.get('PORT'));
  if (port !== undefined && 'should' in own) return { issues: [`port: should be ${own.should}, got ${shown(port)}`] };
  const isPort = (name: string) => name === 'PORT' && 'value' in own;
  const read = [...variables]
    .filter(([name, value]) => !isPort(name) && value !== null && value !== undefined)
    .map(([name, value]) => ({ name, ...readVariable(value) }));
  const issues = read.flatMap(variable => ('should' in variable ? [`env.${variable.name}: should be ${variable.should}`] : []));
  if (issues.length > 0) return { issues };
  const setEnv = Object.fromEntries(read.map(variable => [variable.name, 'value' in variable ? variable.value : '']));
  return { options: { ...('value' in own ? { port: own.value } : {}), ...(read.length > 0 ? { setEnv } : {}) } };
}

function notesOn(others: readonly string[], hasBase: boolean): string[] {
  const rest = others.filter(key => key !== CHOSEN);
  const chosen = `${CHOSEN}: is in setEnv${hasBase ? ', merged over env' : ''}; give other values with --set-env KEY=VALUE or --env-file FILE`;
  const left = `${rest.join(', ')}: left out, a configuration has one environment: start with --set-env KEY=VALUE, or put it in a file for --env-file FILE`;
  return [...(others.includes(CHOSEN) ? [chosen] : []), ...(rest.length > 0 ? [left] : [])];
}
