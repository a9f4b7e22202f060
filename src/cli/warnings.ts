import { printableLine } from './printable.ts';
import { redactor } from './secrets.ts';

/** Tells the process's warnings, each once, through `tell`, instead of Node's own printing that would break a redrawn screen. */
export function relayWarnings(tell: (line: string) => void): Disposable {
  const told = new Set<string>();
  const relay = (warning: Error): void => {
    const line = `skein: warning: ${printableLine(redactor.redactMessage(warning.message))}`;
    if (told.has(line)) return;
    told.add(line);
    tell(line);
  };
  const before = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', relay);
  return {
    [Symbol.dispose]() {
      process.off('warning', relay);
      for (const listener of before) process.on('warning', listener);
    },
  };
}
