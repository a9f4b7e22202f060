import type { Message } from '../../../src/model/message.ts';
import type { ToolCall, ToolResult } from '../../../src/tools/tool.ts';
import type { PlannedCall, PlannedPrompt } from './prompt-plan.ts';
import type { Violations } from './violations.ts';

/** Whether the model said in this turn (from 0) what it was told to say. */
export function checkResponse(
  plan: PlannedPrompt | undefined,
  turn: number,
  calls: readonly ToolCall[],
  text: string,
  fail: (detail: string) => void,
): void {
  if (!plan) return fail('nobody sent this prompt');
  const planned = plan.turns[turn];
  if (!planned) {
    if (turn > plan.turns.length) fail('there are more responses than the plan has');
    if (text !== plan.reply || calls.length > 0) fail(`the reply is ${JSON.stringify(text)}`);
    return;
  }
  const wanted = planned.map(({ name, args }) => `${name} ${JSON.stringify(args)}`).join('; ');
  const given = calls.map((call) => `${call.name} ${call.arguments}`).join('; ');
  if (wanted !== given) fail(`the calls are ${given}, not ${wanted}`);
}

/** What is wrong with an answer; undefined when it is as planned, or the prompt was ended before it was run. */
export function checkResult(planned: PlannedCall, result: ToolResult): string | undefined {
  const { content, isError } = result;
  if (isError && content.startsWith('Error: not_run:')) return undefined;
  const settledAs = isError
    ? /^Error: (timed_out|tool_crashed|outcome_unknown):/.exec(content)?.[1]
    : undefined;
  const isRight = (): boolean => {
    switch (planned.expected) {
      case 'ok':
        return !isError && content.includes(planned.says ?? '');
      case 'error':
        return isError && settledAs === undefined;
      case 'crashed':
        return settledAs === 'tool_crashed';
      case 'stuck':
        return settledAs === 'timed_out' || settledAs === 'tool_crashed';
      case 'effect':
        return settledAs === 'outcome_unknown' || (!isError && content.includes(planned.says ?? ''));
    }
  };
  return isRight()
    ? undefined
    : `expected ${planned.expected}, was answered ${JSON.stringify(content.slice(0, 200))}`;
}

/** Providers refuse a history in which a call has no answer, or two: of any conversation that rests. */
export function checkConversation(messages: readonly Message[], place: string, violations: Violations): void {
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') {
      const index = open.indexOf(message.tool_call_id);
      if (index < 0) violations.add('answered twice', place, `in the conversation: ${message.tool_call_id}`);
      open.splice(index, 1);
      continue;
    }
    for (const callId of open) violations.add('unanswered call', place, `in the conversation: ${callId}`);
    open = message.role === 'assistant' ? (message.tool_calls ?? []).map(({ id }) => id) : [];
  }
  for (const callId of open)
    violations.add('unanswered call', place, `at the end of the conversation: ${callId}`);
}
