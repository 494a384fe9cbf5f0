#!/usr/bin/env node
// A foreground start becomes the keeper, or with --no-keeper the master itself; a run the supervisor; everything else is the command line's.
// An existing path wins over the name of a service.
'use strict';
const [command, ...rest] = process.argv.slice(2);
const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
const [target] = own.filter(word => !['--json', '--idempotent'].includes(word));
const isService =
  own.includes('--service') ||
  (/^[^-./\\][^/\\]*\/[^/\\]+$/.test(target ?? '') &&
    own.every(word => [target, '--json', '--idempotent'].includes(word)) &&
    !require('node:fs').existsSync(target));
const isForeground = !isService && !own.some(option => ['--help', '-h', '--daemon', '-d'].includes(option));
const isAlone = own.includes('--no-keeper') || process.env.APP_CLUSTER_KEEPER === 'false' || process.execArgv.some(option => option.startsWith('--inspect'));
if (command === 'start' && isForeground && !isAlone) require('../dist/lib/keeper/main.cjs');
else if (command === 'start' && isForeground) import('../dist/lib/master/main.js');
else if (command === 'up') import('../dist/lib/supervisor/up-main.js');
else if (command === 'run') import('../dist/lib/supervisor/run/main.js');
else import('../dist/lib/cli/main.js');
