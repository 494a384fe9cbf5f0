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
