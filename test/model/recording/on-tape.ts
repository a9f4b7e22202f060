import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChatCompletions } from '../../../src/model/chat-completions.ts';
import type {
  ModelCallOrigin,
  ModelDeadlines,
  ModelEvent,
  ModelRequest,
  ResolvedProvider,
} from '../../../src/model/model.ts';
import { openTransport } from '../../../src/model/recording/open-transport.ts';
import { Recording } from '../../../src/model/recording/recording.ts';
import { replayProvider } from '../../../src/model/recording/replay-provider.ts';
import type { ScriptedRule } from '../../../src/model/scripted/script.ts';
import { startScriptedModel } from '../../../src/model/scripted/server.ts';
import { Redactor } from '../../../src/redactor.ts';
import { collect } from '../collect.ts';
import { KEY, PATIENT } from '../raw-server.ts';

/** A model, as a model thread makes it. */
export interface TapedModel {
  ask(request: ModelRequest, origin?: Partial<ModelCallOrigin>, signal?: AbortSignal): Promise<ModelEvent[]>;
}

/** A directory for the test, and what removes it. */
export async function inDirectory<Result>(use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'skein-tape-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Records what `use` asks a scripted model, whose server is gone when this resolves. */
export async function record<Result>(
  directory: string,
  rules: readonly ScriptedRule[],
  use: (model: TapedModel) => Promise<Result>,
  options: { readonly deadlines?: Partial<ModelDeadlines>; readonly run?: string } = {},
): Promise<Result> {
  const server = await startScriptedModel({ rules });
  const redactor = new Redactor([KEY]);
  const { run } = options;
  const recording = Recording.open({ directory, ...(run === undefined ? {} : { run }) }, redactor);
  const provider: ResolvedProvider = {
    name: 'scripted',
    baseURL: server.baseURL,
    apiKey: KEY,
    headers: {},
    quirks: {},
  };
  recording.admit('scripted:scripted', provider);
  try {
    return await using(
      { ...provider, tape: recording.tape },
      use,
      { ...PATIENT, ...options.deadlines },
      redactor,
    );
  } finally {
    recording.seal();
    await server.close();
  }
}

/** Replays to `use`. */
export function replay<Result>(
  directory: string,
  use: (model: TapedModel) => Promise<Result>,
  options: { readonly replayTiming?: boolean } = {},
): Promise<Result> {
  return using(replayProvider('scripted', { replay: directory, ...options }), use);
}

async function using<Result>(
  provider: ResolvedProvider,
  use: (model: TapedModel) => Promise<Result>,
  deadlines: ModelDeadlines = PATIENT,
  redactor = new Redactor(),
): Promise<Result> {
  const lost: string[] = [];
  const transport = openTransport(provider, { deadlines, redactor, onLost: (reason) => lost.push(reason) });
  const model = new ChatCompletions(provider, { deadlines, redactor, transport });
  try {
    const result = await use({
      ask(request, origin = {}, signal = new AbortController().signal) {
        const who = { sessionId: 's', turn: 0, attempt: 1, ...origin };
        return collect(model, request, { origin: who, signal });
      },
    });
    if (lost.length > 0) throw new Error(`not recorded: ${lost.join('; ')}`);
    return result;
  } finally {
    await model.close();
  }
}

/** Everything in a directory, at any depth, path → text. */
export function textsIn(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(directory.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}

/** Files of exchanges, in order. */
export function exchangesIn(directory: string): string[] {
  return [...textsIn(directory).keys()].filter((path) => /\d{6}-.*\.json$/.test(path)).sort();
}
