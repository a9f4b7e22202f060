import type { Skill } from '../../src/skills/skill.ts';
import { namedTools } from '../../src/tools/presets.ts';
import { runCall } from '../../src/tools/run-call.ts';
import type { Tool, ToolContext, ToolResult } from '../../src/tools/tool.ts';
import { ToolSet } from '../../src/tools/tool-set.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';
import type { Workspace, WorkspaceQuota } from '../../src/workspace/workspace.ts';

export function contextOf(workspace: Workspace): ToolContext {
  return { workspace, signal: new AbortController().signal, sessionId: 'test' };
}

/** A real workspace and tools over it, called as a model would. */
export class Harness {
  readonly workspace: OverlayWorkspace;
  readonly tools: ToolSet;

  /** @param names  presets and single tools; a tool stands for itself */
  constructor(
    files: Readonly<Record<string, string | Uint8Array>> = {},
    skills: readonly Skill[] = [],
    names: readonly (string | Tool)[] = ['coding-agent'],
    quota: Partial<WorkspaceQuota> = {},
  ) {
    this.workspace = new OverlayWorkspace({ quota });
    for (const [path, content] of Object.entries(files)) {
      if (typeof content === 'string') this.workspace.writeText(path, content);
      else this.workspace.writeBytes(path, content);
    }
    this.tools = new ToolSet(
      names.flatMap((name) => (typeof name === 'string' ? namedTools(name, skills) : name)),
    );
  }

  /** What the model is told; the built-in tools all answer at once. */
  result(name: string, args: Readonly<Record<string, unknown>> = {}): ToolResult {
    const result = runCall(
      this.tools,
      { id: 'c1', name, arguments: JSON.stringify(args) },
      contextOf(this.workspace),
    );
    if (result instanceof Promise) throw new Error(`${name} answered with a promise`);
    return result;
  }

  /** The text of a call that must succeed. */
  ok(name: string, args: Readonly<Record<string, unknown>> = {}): string {
    const { content, isError } = this.result(name, args);
    if (isError) throw new Error(`${name} failed: ${content}`);
    return content;
  }

  /** The text of a call that must fail. */
  error(name: string, args: Readonly<Record<string, unknown>> = {}): string {
    const { content, isError } = this.result(name, args);
    if (!isError) throw new Error(`${name} succeeded: ${content}`);
    return content;
  }
}

/** Calls a tool that a test made up. */
export async function callTool(tool: Partial<Tool>, args = '{}'): Promise<ToolResult> {
  const whole: Tool = {
    name: 'probe',
    description: '',
    parameters: { type: 'object' },
    execute: () => undefined,
    ...tool,
  };
  return runCall(
    new ToolSet([whole]),
    { id: 'c1', name: whole.name, arguments: args },
    contextOf(new OverlayWorkspace()),
  );
}
