#!/usr/bin/env node
// A foreground start becomes the master itself, a run the supervisor; everything else is the command line's.
const [command, ...rest] = process.argv.slice(2);
const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
const isForeground = !own.some(option => ['--help', '-h', '--daemon', '-d'].includes(option));
if (command === 'start' && isForeground) await import('../dist/lib/master/main.js');
else if (command === 'run') await import('../dist/lib/supervisor/main.js');
else await import('../dist/lib/cli/main.js');
