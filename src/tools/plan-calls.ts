import type { ToolCall } from './tool.ts';
import type { ToolSet } from './tool-set.ts';

/**
 * How the calls of a turn may be grouped: the groups run one after another, the calls of one group may run at the same
 * time. Read-only calls that follow each other share a group; a call that may change something stands alone.
 * @returns every call once, in call order
 */
export function planCalls(tools: ToolSet, calls: readonly ToolCall[]): ToolCall[][] {
  const groups: ToolCall[][] = [];
  let open: ToolCall[] | undefined;
  for (const call of calls) {
    const tool = tools.get(call.name);
    // An unknown tool only gives an error, which disturbs nobody.
    const readOnly = tool === undefined || tool.readOnly === true;
    if (readOnly && open) {
      open.push(call);
    } else {
      const group = [call];
      groups.push(group);
      open = readOnly ? group : undefined;
    }
  }
  return groups;
}
