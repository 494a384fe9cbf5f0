// Options that are too large or too secret for the command line: asked for over the channel.

import { onWord, say } from '../system/uplink.js';

export function awaitedOptions(): Promise<Record<string, unknown>> {
  return new Promise(resolve => {
    onWord(word => {
      if (word.act === 'boot') resolve(word.options as Record<string, unknown>);
    });
    say({ act: 'hello' });
  });
}
