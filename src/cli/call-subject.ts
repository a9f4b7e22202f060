import { printableLine } from './printable.ts';

/** What a call is about, for one line: its path or pattern, else its arguments. */
export function callSubject(args: string): string {
  try {
    const input = JSON.parse(args) as Record<string, unknown> | null;
    const value = input?.['path'] ?? input?.['pattern'] ?? input?.['name'];
    if (typeof value === 'string') return printableLine(value);
  } catch {
    // Not JSON: the tool is going to say so.
  }
  return printableLine(args.slice(0, 300));
}
