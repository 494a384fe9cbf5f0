// Where egg's tools look for the agent worker, by path and in command lines: the main module of the agent under a framework.
require('../dist/lib/worker/agent-main.cjs');
