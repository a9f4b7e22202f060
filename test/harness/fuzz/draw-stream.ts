import type { Prng } from '../shared/prng.ts';

export interface DrawnCall {
  /** '' when the provider sends none. */
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** A response and one of the many ways in which providers send it. */
export interface DrawnStream {
  readonly bytes: Buffer;
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly DrawnCall[];
  readonly finish: 'stop' | 'tool_calls' | 'length' | 'content_filter';
}

const WORDS = [
  'Hello',
  ' world',
  '\n',
  '"quoted"',
  '\\',
  '\u{1f600}',
  'é',
  '{"a":1}',
  ' ',
  'data: x',
  '\u2028',
  '\0',
  '[DONE]',
];
const ARGUMENTS = [
  '{}',
  '{"path":"a.ts"}',
  '{"path":"é\u{1f600}","content":"line\\nline\\u0000 \\"x\\""}',
  '{"n":[1,2,{"m":null}]}',
];
const ENDINGS = ['\n', '\n', '\n', '\r\n', '\r'];
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

type Delta = Record<string, unknown>;

/** @param cutArguments  take the end off the last call's arguments: then it is not whole, whatever the finish says */
export function drawStream(prng: Prng, cutArguments = false): DrawnStream {
  const texts = some(prng, 8, () => prng.pick(WORDS));
  const thoughts = prng.chance(0.3) ? some(prng, 4, () => prng.pick(WORDS)) : [];
  const calls = drawCalls(prng, cutArguments);
  const finish = cutArguments
    ? prng.pick(['stop', 'tool_calls', 'length', 'content_filter'] as const)
    : calls.length > 0
      ? prng.pick(['tool_calls', 'tool_calls', 'stop'] as const)
      : 'stop';
  const reasoningKey = prng.pick(['reasoning_content', 'reasoning', 'reasoning_text']);
  const deltas: Delta[] = [
    { role: 'assistant', content: '' },
    ...thoughts.map((text) => ({ [reasoningKey]: text })),
    ...texts.map((content) => ({ content })),
    ...callDeltas(prng, calls),
  ];
  const ending = prng.pick(ENDINGS);
  const events = deltas.flatMap((delta) => [...noise(prng, ending), event(prng, ending, delta, null)]);
  events.push(event(prng, ending, {}, finish));
  if (prng.chance(0.5)) events.push(line(`data: ${JSON.stringify({ choices: [], usage: USAGE })}`, ending));
  if (prng.chance(0.8)) events.push(line('data: [DONE]', ending));
  return {
    bytes: Buffer.from(`${prng.chance(0.1) ? '\ufeff' : ''}${events.join('')}`),
    text: texts.join(''),
    reasoning: thoughts.join(''),
    calls,
    finish,
  };
}

function drawCalls(prng: Prng, cutArguments: boolean): DrawnCall[] {
  const count = cutArguments ? prng.between(1, 3) : prng.pick([0, 0, 1, 2, 4]);
  // A provider that sends no ids, or sends one twice, sends one call: more could not be told apart.
  const withoutId = count === 1 && prng.chance(0.3);
  return Array.from({ length: count }, (_, i) => {
    const whole = prng.pick(ARGUMENTS);
    const isCut = cutArguments && i === count - 1;
    return {
      id: withoutId ? '' : `id-${i}-${prng.below(1_000)}`,
      name: prng.pick(['read', 'write', '__proto__']),
      arguments: isCut ? whole.slice(0, prng.between(1, whole.length - 1)) : whole,
    };
  });
}

/** Numbered in order, sparsely, all as 0, or not at all; the pieces of numbered calls come in any mixture. */
function callDeltas(prng: Prng, calls: readonly DrawnCall[]): Delta[] {
  const numbering = prng.pick(calls.length < 2 ? ['order', 'sparse', 'none'] : ['order', 'sparse', 'zero']);
  const perCall = calls.map((call, i) => {
    const naming = prng.pick(['first', 'first', 'empty', 'again', 'halves'] as const);
    const index = { order: i, sparse: 3 * i + 2, zero: 0, none: undefined }[numbering];
    // Arguments come after the whole name.
    const pieces = [...(naming === 'halves' ? ['', ''] : []), ...asPieces(prng, call.arguments)];
    return pieces.map((text, n): Delta => {
      const id = n === 0 ? { id: call.id } : prng.chance(0.3) ? { id: prng.pick(['', call.id]) } : {};
      const name = nameIn(naming, call.name, n);
      return {
        tool_calls: [
          { ...(index === undefined ? {} : { index }), ...id, function: { ...name, arguments: text } },
        ],
      };
    });
  });
  if (numbering === 'zero' || prng.chance(0.5)) return perCall.flat();
  const mixed: Delta[] = [];
  // Calls begin in their order; what follows is mixed.
  for (const pieces of perCall) mixed.push(pieces.shift()!);
  while (perCall.some((pieces) => pieces.length > 0)) {
    const next = prng.pick(perCall).shift();
    if (next) mixed.push(next);
  }
  return mixed;
}

/** Whole in the first piece and nowhere else, empty elsewhere, whole in each, or half in each of the first two. */
function nameIn(naming: 'first' | 'empty' | 'again' | 'halves', name: string, piece: number): Delta {
  switch (naming) {
    case 'first':
      return piece === 0 ? { name } : {};
    case 'empty':
      return { name: piece === 0 ? name : '' };
    case 'again':
      return { name };
    case 'halves':
      return piece > 1 ? {} : { name: piece === 0 ? name.slice(0, 2) : name.slice(2) };
  }
}

function asPieces(prng: Prng, text: string): string[] {
  const pieces: string[] = [];
  for (let rest = text; ;) {
    const length = prng.between(0, rest.length);
    pieces.push(rest.slice(0, length));
    rest = rest.slice(length);
    if (rest === '') return pieces;
  }
}

function event(prng: Prng, ending: string, delta: Delta, finish_reason: string | null): string {
  const choice = { index: 0, delta, finish_reason, ...(prng.chance(0.1) ? { usage: USAGE } : {}) };
  const chunk = { id: 'x', model: 'm', choices: [choice], ...(prng.chance(0.1) ? { usage: USAGE } : {}) };
  const json = JSON.stringify(chunk);
  // The same event in two lines: between them is white space to JSON.
  const at = prng.chance(0.1) ? json.indexOf(',') + 1 : 0;
  const lines = at > 0 ? `data: ${json.slice(0, at)}${ending}data:${json.slice(at)}` : `data: ${json}`;
  return line(lines, ending);
}

/** What means nothing. */
function noise(prng: Prng, ending: string): string[] {
  if (prng.chance(0.8)) return [];
  return [
    prng.pick([
      `: ping${ending}`,
      ending,
      `event: message${ending}id: 7${ending}`,
      line('data: {"choices":[]}', ending),
      line(
        'data: {"choices":[{"index":1,"delta":{"content":"another answer"},"finish_reason":"stop"}]}',
        ending,
      ),
      line('data: {"choices":[{"index":0,"delta":null}]}', ending),
    ]),
  ];
}

function line(text: string, ending: string): string {
  return `${text}${ending}${ending}`;
}

function some<T>(prng: Prng, max: number, draw: () => T): T[] {
  return Array.from({ length: prng.between(0, max) }, draw);
}
