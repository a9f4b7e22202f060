import type { Prng } from '../shared/prng.ts';
import type { FuzzCall } from './tool-calls.ts';

const NOT_OBJECTS = [
  'null',
  '[]',
  '"a"',
  '7',
  'true',
  'undefined',
  '{',
  "{'path':'a'}",
  '{"path":"a"}}',
  '\0',
  '[[[',
];
const STRANGE_KEYS = [
  'extra',
  'constructor',
  'toString',
  'hasOwnProperty',
  'Path',
  '',
  '__defineGetter__',
  'prototype',
];
const WRONG: readonly unknown[] = [[], {}, ['a'], { path: 'a' }, -1, 1.5, true];
const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
const HUGE = 'x'.repeat(8 * 1024 * 1024 + 1);

/** The call with arguments that are wrong in one way, or that look wrong and are not. */
export function spoil(
  prng: Prng,
  call: FuzzCall,
  args: Readonly<Record<string, unknown>>,
  required: readonly string[],
): FuzzCall {
  const refused = (text: string): FuzzCall => ({
    ...call,
    arguments: text,
    expect: () => ({ isError: true }),
  });
  const keys = Object.keys(args);
  switch (prng.below(10)) {
    case 0:
      return refused(prng.pick(NOT_OBJECTS));
    case 1:
      // No text at all means no arguments.
      return keys.length === 0
        ? call
        : refused(call.arguments.slice(0, prng.between(1, call.arguments.length - 1)));
    case 2: {
      if (required.length === 0) return call;
      const missing = prng.pick(required);
      return refused(JSON.stringify({ ...args, [missing]: undefined }));
    }
    case 3:
      return refused(JSON.stringify({ ...args, [prng.pick(STRANGE_KEYS)]: prng.pick(WRONG) }));
    case 4: {
      if (keys.length === 0) return call;
      const key = prng.pick(keys);
      return refused(JSON.stringify({ ...args, [key]: prng.pick(wrongFor(args[key])) }));
    }
    case 5:
      // Dropped before anybody looks at them: the call is as if they were not there.
      return { ...call, arguments: withRaw(call.arguments, '"__proto__":{"path":"b","isAdmin":true}') };
    case 6:
      return { ...call, arguments: withRaw(call.arguments, '"constructor":{"prototype":{"isAdmin":true}}') };
    case 7:
      return required.includes('path')
        ? refused(JSON.stringify({ ...args, path: null }))
        : {
            ...call,
            arguments: withRaw(call.arguments, keys.includes('path') ? '"__proto__":null' : '"path":null'),
          };
    case 8:
      return prng.chance(0.01) ? refused(withRaw(call.arguments, `"deep":${DEEP}`)) : call;
    default:
      return prng.chance(0.005) ? refused(withRaw(call.arguments, `"huge":"${HUGE}"`)) : call;
  }
}

function wrongFor(value: unknown): readonly unknown[] {
  // -1 and 1.5 are wrong for a whole number too, and true is right for a switch.
  return typeof value === 'boolean' ? WRONG.filter((wrong) => wrong !== true) : WRONG;
}

/** Another member at the end of an object's text. */
function withRaw(text: string, member: string): string {
  return text === '{}' ? `{${member}}` : `${text.slice(0, -1)},${member}}`;
}
