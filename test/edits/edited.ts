import { expect } from 'vitest';
import type { EditLevel } from '../../src/edits/edit-level.ts';
import { planEdits } from '../../src/edits/plan-edits.ts';
import { applyReplacements } from '../../src/edits/replacement.ts';

type Level = EditLevel['name'];

/** What an edit of a text comes to. */
export type Outcome = { readonly text: string; readonly level: Level } | { readonly refusal: string };

export function tryEdit(file: string, oldText: string, newText: string, replaceAll = false): Outcome {
  const plan = planEdits('a.txt', file, [{ oldText, newText, replaceAll }]);
  return plan.kind === 'ready'
    ? { text: applyReplacements(file, plan.replacements), level: plan.levels[0]!.name }
    : { refusal: plan.problems.map(({ message }) => message).join('\n') };
}

/** The file after an edit that has to be found at a level. */
export function editedAt(
  level: Level,
  file: string,
  oldText: string,
  newText: string,
  replaceAll = false,
): string {
  const outcome = tryEdit(file, oldText, newText, replaceAll);
  expect(outcome).toMatchObject({ level });
  return (outcome as { text: string }).text;
}

/** Why an edit is refused. */
export function refusal(file: string, oldText: string, newText: string, replaceAll = false): string {
  const outcome = tryEdit(file, oldText, newText, replaceAll);
  expect(outcome).toHaveProperty('refusal');
  return (outcome as { refusal: string }).refusal;
}
