import { mapping, Mismatch, text, texts, type Fields, type Read } from '../batch/fields.ts';
import type { BenchCheck, CommandCheck, FileCheck } from './check.ts';
import { anyText, group, pattern, timeMs } from './fields.ts';

const DEFAULT_COMMAND_TIMEOUT_MS = 60_000;

/** The check of a scenario in a plan file. */
export function readCheck(source: string): Read<BenchCheck> {
  return group(source, (fields, key) => {
    const files = fields.optional('files', fileChecks(source));
    const reply = fields.optional('reply', pattern);
    const command = fields.optional('command', readCommand(source));
    if (files === undefined && reply === undefined && command === undefined && isEmpty(fields))
      throw new Mismatch(key, 'must hold at least one of files, reply and command');
    return { files: files ?? {}, reply: reply ?? null, command: command ?? null };
  });
}

/** Without a key that is a typo, which is told as such. */
function isEmpty(fields: Fields): boolean {
  fields.refuseOthers();
  return true;
}

function fileChecks(source: string): Read<Readonly<Record<string, FileCheck>>> {
  return (value, key) => {
    const checks = Object.entries(mapping(value, key)).map(([path, check]) => [
      path,
      fileCheck(source)(check, `${key}.${path}`),
    ]);
    if (checks.length === 0) throw new Mismatch(key, 'must hold at least one path');
    return Object.fromEntries(checks) as Record<string, FileCheck>;
  };
}

function fileCheck(source: string): Read<FileCheck> {
  return (value, key) => {
    if (value === 'exists') return { is: 'there' };
    if (value === 'absent') return { is: 'absent' };
    const wanted = 'must be exists, absent, or exactly one of equals, contains and matches';
    if (typeof value !== 'object' || value === null) throw new Mismatch(key, wanted, value);
    return group(source, (fields): FileCheck => {
      const equals = fields.optional('equals', anyText);
      const contains = fields.optional('contains', text);
      const matches = fields.optional('matches', pattern);
      fields.refuseOthers();
      const given = [
        ...(equals === undefined ? [] : [{ is: 'equal' as const, text: equals }]),
        ...(contains === undefined ? [] : [{ is: 'containing' as const, text: contains }]),
        ...(matches === undefined ? [] : [{ is: 'matching' as const, ...matches }]),
      ];
      const [only] = given;
      if (only === undefined || given.length > 1) throw new Mismatch(key, wanted, value);
      return only;
    })(value, key);
  };
}

/** A list of words, or `{ run: words }`, or `{ shell: text }`; a bare text would leave open which. */
function readCommand(source: string): Read<CommandCheck> {
  return (value, key) => {
    const given = Array.isArray(value) ? { run: value as unknown[] } : value;
    const wanted = 'must be a list of words, or a mapping with one of run (a list of words) and shell (text)';
    if (typeof given !== 'object' || given === null) throw new Mismatch(key, wanted, value);
    return group(source, (fields): CommandCheck => {
      const run = fields.optional('run', texts);
      const shell = fields.optional('shell', text);
      const timeoutMs = fields.optional('timeoutMs', timeMs) ?? DEFAULT_COMMAND_TIMEOUT_MS;
      fields.refuseOthers();
      if ((run === undefined) === (shell === undefined)) throw new Mismatch(key, wanted, value);
      return run === undefined
        ? { words: [shell!], shell: true, timeoutMs }
        : { words: run, shell: false, timeoutMs };
    })(given, key);
  };
}
