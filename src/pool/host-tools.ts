import { Redactor } from '../redactor.ts';
import { runCall } from '../tools/run-call.ts';
import { ToolSet } from '../tools/tool-set.ts';
import type { Tool, ToolCall, ToolContext, ToolResult } from '../tools/tool.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { GuardedWorkspace } from '../workspace/guarded-workspace.ts';
import { OverlayWorkspace } from '../workspace/overlay-workspace.ts';
import type { FileChange, Workspace, WorkspaceQuota } from '../workspace/workspace.ts';
import type { Clock } from '../clock.ts';
import { redactResult } from './redact-step.ts';
import { settledResult } from './supervisor.ts';

/** The caller's own functions as tools. They run here, on the main thread, as outside effects. */
export class HostTools {
  readonly #tools: ToolSet;
  readonly #clock: Clock;
  readonly #redactor: Redactor;

  /**
   * @param redactor  takes secrets out of results, those that go to files for their length included; the tools' own changes to
   *   files stay as they are
   * @throws {ToolDefinitionError} when a tool is unusable
   */
  constructor(tools: readonly Tool[], clock: Clock, redactor: Redactor = new Redactor()) {
    this.#tools = new ToolSet(tools);
    this.#clock = clock;
    this.#redactor = redactor;
  }

  /**
   * Never rejects: what a tool throws is its result. `changes` is what it did to the workspace it was given; `isCut`: the
   * signal was aborted before it had come to its end.
   */
  async run(
    call: ToolCall,
    session: {
      readonly sessionId: string;
      readonly images: readonly BaseImage[];
      readonly overlay: ReadonlyMap<string, Uint8Array | null>;
      readonly quota: WorkspaceQuota;
      /** Built-in tools of the session that open files. */
      readonly readers: readonly string[];
      readonly signal: AbortSignal;
      /** Of the call's span, where somebody traces. */
      readonly traceparent?: string | undefined;
    },
  ): Promise<{ result: ToolResult; changes: FileChange[]; isCut: boolean }> {
    if (session.signal.aborted) {
      return { result: settledResult(call, 'not_run', 'it was cancelled'), changes: [], isCut: true };
    }
    let workspace: OverlayWorkspace | undefined;
    let guarded: GuardedWorkspace | undefined;
    let isCut = false;
    const ended = new AbortController();
    const context: ToolContext = {
      sessionId: session.sessionId,
      traceparent: session.traceparent,
      signal: AbortSignal.any([session.signal, ended.signal]),
      // Made when it is first used: most such tools talk to the outside and never look at the files.
      get workspace(): Workspace {
        workspace ??= new OverlayWorkspace({
          images: session.images,
          changes: [...session.overlay].map(([path, bytes]) => ({ path, bytes })),
          quota: session.quota,
        });
        return (guarded ??= new GuardedWorkspace(workspace));
      },
    };
    const interrupted = new Promise<ToolResult>((resolve) => {
      const stop = (content: string): void => {
        resolve({ callId: call.id, name: call.name, content, isError: true });
        ended.abort();
      };
      const onAbort = (): void => {
        isCut = true;
        stop('Error: the prompt ended while this tool ran; its outcome is unknown');
      };
      session.signal.addEventListener('abort', onAbort, { once: true });
      const { timeoutMs } = this.#tools.get(call.name) ?? {};
      const stopTimer =
        timeoutMs === undefined
          ? undefined
          : this.#clock.after(timeoutMs, () =>
              stop(`Error: timed_out: ${call.name} took longer than ${timeoutMs} ms; its outcome is unknown`),
            );
      ended.signal.addEventListener('abort', () => {
        session.signal.removeEventListener('abort', onAbort);
        stopTimer?.();
      });
    });
    const keeping = { readers: session.readers, redact: (text: string) => this.#redactor.redact(text) };
    const result = await Promise.race([runCall(this.#tools, call, context, keeping), interrupted]);
    ended.abort();
    guarded?.revoke();
    return { result: redactResult(result, this.#redactor), changes: workspace?.takeChanges() ?? [], isCut };
  }
}
