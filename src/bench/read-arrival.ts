import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { amount, mapping, Mismatch, text, unknownKey, wholeNumber, type Read } from '../batch/fields.ts';
import { ConfigFileError } from '../errors.ts';
import { group, timeMs } from './fields.ts';
import type { Arrival } from './plan.ts';

/** More conversations of a target at once would be more than this process holds. */
export const MAX_AT_ONCE = 100_000;
const DEFAULT_MAX_AT_ONCE = 4_096;
const KINDS = ['atOnce', 'poisson', 'ramp', 'burst', 'trace'];

/** Arrivals of a plan file. `here` is where the path of a trace starts. */
export function readArrival(source: string, here: string): Read<Arrival> {
  return (value, key) => {
    const { maxAtOnce: _, ...given } = mapping(value, key);
    const kinds = Object.keys(given);
    const unknown = kinds.find((kind) => !KINDS.includes(kind));
    if (unknown !== undefined)
      throw new Mismatch(key, `has the ${unknownKey(unknown, [...KINDS, 'maxAtOnce'])}`);
    if (kinds.length !== 1) throw new Mismatch(key, `must hold exactly one of ${KINDS.join(', ')}`, value);
    return group(source, (fields): Arrival => {
      const atOnce = fields.optional('atOnce', wholeNumber(1, MAX_AT_ONCE));
      if (atOnce !== undefined) return { kind: 'closed', atOnce };
      const maxAtOnce = fields.optional('maxAtOnce', wholeNumber(1, MAX_AT_ONCE)) ?? DEFAULT_MAX_AT_ONCE;
      const poisson = fields.optional('poisson', amount);
      if (poisson !== undefined) return { kind: 'poisson', perSecond: poisson, maxAtOnce };
      const ramp = fields.optional('ramp', readRamp(source));
      if (ramp !== undefined) return { kind: 'ramp', ...ramp, maxAtOnce };
      const burst = fields.optional('burst', readBurst(source));
      if (burst !== undefined) return { kind: 'burst', ...burst, maxAtOnce };
      return { kind: 'trace', ...fields.required('trace', readTrace(here)), maxAtOnce };
    })(value, key);
  };
}

function readRamp(source: string): Read<{ from: number; to: number; overMs: number }> {
  return group(source, (fields, key) => {
    const from = fields.required('from', rate);
    const to = fields.required('to', rate);
    if (from === 0 && to === 0) throw new Mismatch(key, 'goes from 0 to 0: nothing would ever begin');
    return { from, to, overMs: fields.required('overMs', timeMs) };
  });
}

function readBurst(source: string): Read<{ size: number; everyMs: number }> {
  return group(source, (fields) => ({
    size: fields.required('size', wholeNumber(1, MAX_AT_ONCE)),
    everyMs: fields.required('everyMs', timeMs),
  }));
}

/** Conversations a second. */
const rate: Read<number> = (value, key) => {
  if (typeof value === 'number' && value >= 0 && value < Infinity) return value;
  throw new Mismatch(key, 'must be conversations a second, a number of at least 0', value);
};

/** The file's lines: one offset each, in milliseconds, ascending. Empty lines and those that begin with # do not count. */
function readTrace(here: string): Read<{ file: string; offsetsMs: readonly number[] }> {
  return (value, key) => {
    const file = resolve(here, text(value, key));
    const offsetsMs: number[] = [];
    for (const [i, line] of readLines(file).entries()) {
      if (/^\s*(?:#.*)?$/.test(line)) continue;
      const offset = Number(line);
      const before = offsetsMs.at(-1) ?? 0;
      if (!(offset >= before && offset < Infinity))
        throw new Mismatch(
          key,
          `${file}, line ${i + 1} must be milliseconds from the start, not less than the line before`,
          line,
        );
      offsetsMs.push(offset);
    }
    if (offsetsMs.length === 0) throw new Mismatch(key, `${file} holds no arrivals`);
    return { file, offsetsMs };
  };
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ConfigFileError('invalid_plan', `The plan's trace ${file} cannot be read (${code}).`, {
      cause,
    });
  }
}
