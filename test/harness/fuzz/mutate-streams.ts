import { runCall } from '../../../src/tools/run-call.ts';
import type { Tool } from '../../../src/tools/tool.ts';
import { ToolSet } from '../../../src/tools/tool-set.ts';
import { OverlayWorkspace } from '../../../src/workspace/overlay-workspace.ts';
import type { Prng } from '../shared/prng.ts';
import { drawStream, type DrawnStream } from './draw-stream.ts';
import type { Findings } from './findings.ts';
import { comparable, readStream, type StreamOutcome } from './read-stream.ts';

let runs = 0;
/** Stands for every tool: it takes anything and must not be reached with half of its arguments. */
const probe = (name: string): Tool => ({
  name,
  description: '',
  parameters: { type: 'object' },
  execute: () => {
    runs++;
    return '';
  },
});
const TOOLS = new ToolSet(['read', 'write', '__proto__'].map(probe));
const CONTEXT = {
  workspace: new OverlayWorkspace(),
  signal: new AbortController().signal,
  sessionId: 'fuzz',
};

/** One stream, drawn and then sent in pieces, cut, spoilt, or with arguments that stop. */
export function tryStream(prng: Prng, place: string, findings: Findings): void {
  switch (prng.below(4)) {
    case 0:
      return tryWhole(prng, place, findings);
    case 1:
      return tryCut(prng, place, findings);
    case 2:
      return tryCutArguments(prng, place, findings);
    default:
      return trySpoilt(prng, place, findings);
  }
}

function tryWhole(prng: Prng, place: string, findings: Findings): void {
  const stream = drawStream(prng);
  const outcome = readStream(inPieces(prng, stream.bytes), false);
  if (!isRight(outcome, stream)) {
    findings.add('differs', place, `${stream.bytes.toString()}\n  came to ${JSON.stringify(outcome)}`);
  }
}

function tryCut(prng: Prng, place: string, findings: Findings): void {
  const stream = drawStream(prng);
  const finish = stream.bytes.lastIndexOf('"finish_reason":"');
  const cut = stream.bytes.subarray(0, prng.between(0, finish));
  const outcome = readStream(inPieces(prng, cut), prng.chance(0.5));
  if (outcome.type !== 'failed') {
    findings.add('taken for complete', place, `${cut.toString()}\n  came to ${JSON.stringify(outcome)}`);
  }
}

/** The last call has half of its arguments: whatever comes of the response, that call is not run. */
function tryCutArguments(prng: Prng, place: string, findings: Findings): void {
  const stream = drawStream(prng, true);
  const outcome = readStream(inPieces(prng, stream.bytes), prng.chance(0.5));
  if (outcome.type === 'threw') findings.add('uncaught', place, outcome.what);
  if (outcome.type !== 'response') return;
  const { toolCalls } = outcome.response;
  const before = runs;
  for (const call of toolCalls) void runCall(TOOLS, call, CONTEXT);
  const allowed = stream.finish === 'tool_calls' ? stream.calls.length - 1 : 0;
  if (runs - before > allowed || (allowed === 0 && stream.finish !== 'tool_calls' && toolCalls.length > 0)) {
    findings.add(
      'tool run from a cut call',
      place,
      `${stream.bytes.toString()}\n  came to ${JSON.stringify(outcome)}`,
    );
  }
}

function trySpoilt(prng: Prng, place: string, findings: Findings): void {
  const bytes = spoil(prng, drawStream(prng).bytes);
  const lenient = prng.chance(0.5);
  const outcome = readStream([bytes], lenient);
  if (outcome.type === 'threw') {
    findings.add('uncaught', place, `${outcome.what}: ${bytes.toString()}`);
    return;
  }
  if (outcome.type === 'response' && outcome.arrived !== outcome.response.text) {
    findings.add('differs', place, `what arrived is not the response's text: ${bytes.toString()}`);
  }
  const inOne = comparable(outcome, bytes);
  const other = comparable(readStream(inPieces(prng, bytes), lenient), bytes);
  if (inOne !== other) {
    findings.add('differs', place, `${bytes.toString()}\n  in one piece: ${inOne}\n  in several: ${other}`);
  }
}

function isRight(outcome: StreamOutcome, stream: DrawnStream): boolean {
  if (outcome.type !== 'response' || outcome.arrived !== stream.text) return false;
  const { text, reasoning, toolCalls, finishReason } = outcome.response;
  return (
    text === stream.text &&
    reasoning === stream.reasoning &&
    finishReason === (stream.calls.length > 0 ? 'tool-calls' : 'stop') &&
    toolCalls.length === stream.calls.length &&
    new Set(toolCalls.map((call) => call.id)).size === toolCalls.length &&
    toolCalls.every((call, i) => {
      const wanted = stream.calls[i]!;
      const hasId = wanted.id === '' ? call.id !== '' : call.id === wanted.id;
      return hasId && call.name === wanted.name && call.arguments === wanted.arguments;
    })
  );
}

/** The bytes in chunks as a network may cut them, in the middle of characters and of line endings too. */
export function* inPieces(prng: Prng, bytes: Buffer): Generator<Buffer> {
  const max = prng.pick([1, 3, 40, 1_000, bytes.length + 1]);
  for (let at = 0; at < bytes.length;) {
    const end = at + prng.between(0, max);
    yield bytes.subarray(at, end);
    at = end;
  }
}

const INSERTED = [
  '\n',
  '\n\n',
  '\r',
  'data: ',
  '"',
  '\\',
  '}',
  '\0',
  '\xff',
  'data: [DONE]\n\n',
  'data: null\n\n',
  'data: [1]\n\n',
  'data: {"error":{"message":"no"}}\n\n',
  'data: {"choices":{}}\n\n',
  'data: {"choices":[7]}\n\n',
  'data: {"choices":[null]}\n\n',
  'data: {"choices":[{"delta":7}]}\n\n',
  'data: {"choices":[{"delta":{"content":[null,{"type":"thinking","thinking":[null]}]}}]}\n\n',
  'data: {"usage":7,"choices":[{"usage":"x","delta":{"tool_calls":[null,7,{"index":-1,"function":7},{"index":1e9,"id":5}]}}]}\n\n',
  'data: {"usage":{"prompt_tokens_details":7,"completion_tokens":"x"}}\n\n',
  'data: {"__proto__":{"choices":[]}}\n\n',
  'data: {"choices":[{"finish_reason":"__proto__"}]}\n\n',
  'data: {"choices":[{"finish_reason":7}]}\n\n',
  'data: {"choices":[{"delta":{"tool_calls":{"length":1e9}}}]}\n\n',
];

/** A few bytes flipped, taken out, doubled or put in. */
function spoil(prng: Prng, bytes: Buffer): Buffer {
  if (prng.chance(0.4)) {
    // One event more and nothing else: where more is broken, that is noticed first.
    const places = [...bytes.toString('latin1').matchAll(/\n\n|\r\n\r\n|\r\r/g)].map(
      ({ 0: end, index }) => index + end.length,
    );
    const at = places.length === 0 ? 0 : prng.pick(places);
    const inserted = Buffer.from(prng.pick(INSERTED), 'latin1');
    return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
  }
  let result = Buffer.from(bytes);
  for (let n = prng.between(1, 5); n > 0 && result.length > 0; n--) {
    const at = prng.below(result.length);
    const end = Math.min(result.length, at + prng.between(1, 30));
    switch (prng.below(4)) {
      case 0:
        result[at] = prng.below(256);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), result.subarray(end)]);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, end), result.subarray(at)]);
        break;
      default: {
        // Between two events half of the time: elsewhere most of these are only broken JSON.
        const blank = prng.chance(0.5) ? result.indexOf('\n\n', at) : -1;
        const place = blank === -1 ? at : blank + 2;
        const inserted = Buffer.from(prng.pick(INSERTED), 'latin1');
        result = Buffer.concat([result.subarray(0, place), inserted, result.subarray(place)]);
      }
    }
  }
  return result;
}
