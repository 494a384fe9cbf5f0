#!/usr/bin/env node
// A foreground start becomes the master itself; everything else is the command line's.
const [command, ...rest] = process.argv.slice(2);
const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
const isForeground = command === 'start' && !own.some(option => ['--help', '-h', '--daemon', '-d'].includes(option));
await import(isForeground ? '../dist/lib/master/main.js' : '../dist/lib/cli/main.js');
