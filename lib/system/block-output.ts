// Preloaded into a JavaScript program of `app-cluster run`: what it writes before `process.exit` is not lost.

import { blockOutput } from './block-own-output.js';

blockOutput();
