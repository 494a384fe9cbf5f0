// For what must be said or caught when nothing else is left.

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Errors that nobody caught, rejections included. */
export function onUncaught(listener: (error: unknown) => void): void {
  process.on('uncaughtException', listener);
}

/** As it is, to this process's own stdout or stderr. One that is closed says nothing. */
export function writeThrough(stream: 'out' | 'err', chunk: Uint8Array): void {
  (stream === 'out' ? process.stdout : process.stderr).write(Buffer.from(chunk)); // A copy: the buffer is read into again.
}
