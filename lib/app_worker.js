// Where egg's tools look for the app worker, by path and in command lines: the main module of every app worker under a framework.
require('../dist/lib/worker/app-main.cjs');
