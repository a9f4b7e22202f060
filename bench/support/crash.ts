/** Ways in which a tool can go wrong, each with what becomes of it. */
export const CRASH_WAYS = [
  'throws',
  'throws-null',
  'rejects-unheard',
  'rejects-late',
  'throws-late',
  'stack',
  'exit',
  'abort',
  'loop',
  'many-objects',
  'one-array',
] as const;
export type CrashWay = (typeof CRASH_WAYS)[number];

/** Late is after the tool has answered, and most likely after its conversation has ended. */
const LATE_MS = 500;
const PIECE = 1_000;

/** Crashes this thread, process or call in one of the {@link CRASH_WAYS}. @returns where a way lets the tool answer first */
export function crash(way: unknown): string | Promise<string> {
  switch (way as CrashWay) {
    case 'throws':
      throw new Error('a tool threw');
    case 'throws-null':
      throw null;
    case 'rejects-unheard':
      void Promise.reject(new Error('nobody handles this'));
      return new Promise((resolve) => setTimeout(resolve, LATE_MS, 'answered'));
    case 'rejects-late':
      setTimeout(() => void Promise.reject(new Error('nobody handles this either')), LATE_MS);
      return 'answered';
    case 'throws-late':
      setTimeout(() => {
        throw new Error('thrown in a timer');
      }, LATE_MS);
      return 'answered';
    case 'stack':
      return String(deeper(0));
    case 'exit':
      return process.exit(1);
    case 'abort':
      return process.abort();
    case 'loop':
      for (;;);
    case 'many-objects':
      return String(manyObjects());
    case 'one-array':
      return String(oneArray());
    default:
      throw new RangeError(`no way to crash is called ${String(way)}`);
  }
}

function deeper(depth: number): number {
  return deeper(depth + 1) + depth;
}

/** Runs out of memory by objects that are all held, none of them large. */
function manyObjects(): number {
  const held: number[][] = [];
  for (;;) held.push(Array.from({ length: PIECE }, () => held.length));
}

/** Runs out of memory by one array: when it grows, one allocation is as large as half of the heap. */
function oneArray(): number {
  const held: number[] = [];
  for (let next = 0; ; next += 1) held.push(next + 0.5);
}
