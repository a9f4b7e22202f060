import { directoryOfModule } from '../host-paths.ts';
import { nearest } from '../nearest.ts';
import { describeThrown } from './describe-thrown.ts';
import { moduleOf } from './load-module.ts';
import { keepOutput, type OutputKeeping } from './keep-output.ts';
import { capOutput, LIMITS_OWN_OUTPUT } from './output.ts';
import { parseArguments } from './parse-arguments.ts';
import type { Tool, ToolCall, ToolContext, ToolResult } from './tool.ts';
import type { ToolSet } from './tool-set.ts';

const NOTHING_KEPT: OutputKeeping = { readers: [] };

/**
 * Runs one call of the model. Whatever goes wrong is a result, `Error: …` with `isError`: never a throw, never a
 * rejection, and never with a path of the host in its text. Output is cut to 2,000 lines and 50 KB; what a tool returns
 * is otherwise as it is; the whole of one that was cut goes to a file, where the model can open one.
 * @returns the result itself when the tool answered at once, else a native promise of it
 */
export function runCall(
  tools: ToolSet,
  call: ToolCall,
  ctx: ToolContext,
  keeping: OutputKeeping = NOTHING_KEPT,
): ToolResult | Promise<ToolResult> {
  const tool = tools.get(call.name);
  if (!tool) return failure(call, unknownTool(call.name, tools.names));
  try {
    const output = tool.execute(parseArguments(tool, call.arguments) as never, ctx);
    if (!isThenable(output)) return success(tool, call, output, ctx, keeping);
    return settle(tool, call, output, (value) => success(tool, call, value, ctx, keeping));
  } catch (thrown) {
    return failure(call, describeThrown(thrown, homeOf(tool)));
  }
}

async function settle(
  tool: Tool,
  call: ToolCall,
  output: PromiseLike<unknown>,
  told: (value: unknown) => ToolResult,
): Promise<ToolResult> {
  try {
    return told(await output);
  } catch (thrown) {
    return failure(call, describeThrown(thrown, homeOf(tool)));
  }
}

/** Where a custom tool's module lies: its own errors tend to name it. */
function homeOf(tool: Tool): string[] {
  const url = moduleOf(tool);
  return url === undefined ? [] : directoryOfModule(url);
}

/** @throws whatever the output throws when it is encoded */
function success(
  tool: Tool,
  call: ToolCall,
  output: unknown,
  { workspace }: ToolContext,
  keeping: OutputKeeping,
): ToolResult {
  const text = typeof output === 'string' ? output : encode(output);
  const content =
    LIMITS_OWN_OUTPUT in tool ? text : (keepOutput(text, call.id, workspace, keeping) ?? capOutput(text));
  return { callId: call.id, name: call.name, content, isError: false };
}

function encode(output: unknown): string {
  if (output === undefined) return '(no output)';
  let json: string | undefined;
  try {
    json = JSON.stringify(output);
  } catch (thrown) {
    throw new TypeError(`the tool's result cannot be written as JSON: ${describeThrown(thrown)}`, {
      cause: thrown,
    });
  }
  if (json === undefined) throw new TypeError(`the tool's result is a ${typeof output}, which is not JSON`);
  return json;
}

function failure(call: ToolCall, message: string): ToolResult {
  const text = message.startsWith('Error: ') ? message : `Error: ${message}`;
  return { callId: call.id, name: call.name, content: capOutput(text), isError: true };
}

function unknownTool(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const hint = near ? `did you mean "${near}"? ` : '';
  const list = known.length === 0 ? 'there are no tools' : `there are: ${known.join(', ')}`;
  return `tool ${JSON.stringify(name.slice(0, 100))} does not exist; ${hint}${list}`;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
