import type { BenchInput } from './plan.ts';

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** The names of a prompt's placeholders. */
export function columnsOf(prompt: string): readonly string[] {
  return [...prompt.matchAll(PLACEHOLDER)].map(([, column]) => column!);
}

/** `{{column}}` → the input's value, `{{index}}` → the conversation's number. Each must have one. */
export function fillPrompt(prompt: string, input: BenchInput, index: number): string {
  return prompt.replace(PLACEHOLDER, (_, column: string) => input[column] ?? String(index));
}
