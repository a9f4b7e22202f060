import type { ScriptedAnswer, ScriptedDelay } from './script.ts';
import { compileTemplate, compileValue, type Template, type Values } from './template.ts';

/** A text, and the same cut into the pieces of a stream, each as JSON. */
export interface Deltas {
  readonly text: string;
  readonly pieces: readonly string[];
}

/** An answer whose templates are compiled, and whose constant text is already cut and encoded. */
export interface CompiledAnswer {
  readonly text: (values: Values) => Deltas;
  readonly reasoning: (values: Values) => Deltas;
  readonly calls: readonly { readonly name: string; readonly arguments: (values: Values) => string }[];
  readonly delay: Required<ScriptedDelay>;
  readonly usage: NonNullable<ScriptedAnswer['usage']>;
  readonly finish: string | undefined;
}

/** @throws {Error} with the problem, when a template uses a name that is not known */
export function compileAnswer(
  answer: ScriptedAnswer,
  known: readonly string[],
  delay: ScriptedDelay | undefined,
): CompiledAnswer {
  return {
    ...constants(answer, delay),
    text: deltasFrom(compileTemplate(answer.text ?? '', known), answer.chunks),
    reasoning: deltasFrom(compileTemplate(answer.reasoning ?? '', known)),
    calls: (answer.calls ?? []).map((call) => {
      const fill = compileValue(call.arguments ?? {}, known);
      return { name: call.name, arguments: (values: Values) => argumentsText(fill(values)) };
    }),
  };
}

/** An answer that a function made: its texts are final, and braces in them are only braces. */
export function plainAnswer(answer: ScriptedAnswer, delay: ScriptedDelay | undefined): CompiledAnswer {
  const text = toDeltas(answer.text ?? '', answer.chunks);
  const reasoning = toDeltas(answer.reasoning ?? '');
  return {
    ...constants(answer, delay),
    text: () => text,
    reasoning: () => reasoning,
    calls: (answer.calls ?? []).map((call) => {
      const encoded = argumentsText(call.arguments ?? {});
      return { name: call.name, arguments: () => encoded };
    }),
  };
}

/** @param chunks  how many; without it, one a word */
export function toDeltas(text: string, chunks?: number): Deltas {
  return { text, pieces: cut(text, chunks).map((piece) => JSON.stringify(piece)) };
}

function constants(
  answer: ScriptedAnswer,
  delay: ScriptedDelay | undefined,
): Pick<CompiledAnswer, 'delay' | 'usage' | 'finish'> {
  return {
    delay: { firstMs: 0, betweenMs: 0, tokenMs: 0, jitter: 0, ...delay, ...answer.delay },
    usage: answer.usage ?? {},
    finish: answer.finish,
  };
}

function deltasFrom(template: Template, chunks?: number): CompiledAnswer['text'] {
  if (template.constant === undefined) return (values) => toDeltas(template.render(values), chunks);
  const constant = toDeltas(template.constant, chunks);
  return () => constant;
}

function argumentsText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Into so many pieces of about one length, never inside a character; without a number, one piece a word. */
function cut(text: string, chunks: number | undefined): string[] {
  if (text === '') return [];
  if (chunks === undefined) return text.match(/\s*\S+(?:\s+$)?|\s+/g) ?? [];
  const pieces: string[] = [];
  let start = 0;
  for (let i = 1; i <= chunks; i++) {
    let end = Math.round((text.length * i) / chunks);
    if (end < text.length && /[\udc00-\udfff]/.test(text.charAt(end))) end++;
    if (end > start) pieces.push(text.slice(start, end));
    start = Math.max(start, end);
  }
  return pieces;
}
