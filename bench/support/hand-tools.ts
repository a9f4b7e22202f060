import { namedTools, ToolSet } from 'skein';
import { burn } from './burn.ts';
import { crash } from './crash.ts';
import type { ExtraTool } from './workload.ts';

/** The files of one conversation. */
export type Files = Map<string, string>;

/** A tool for contestants other than skein: the same definition as skein's, on a Map. */
export interface HandTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its input. */
  readonly parameters: object;
  /** @throws what a tool throws: a contestant does with it what it does */
  readonly run: (input: ToolInput, files: Files) => string | Promise<string>;
}

export type ToolInput = Readonly<Record<string, unknown>>;

const RUN: Readonly<Record<string, HandTool['run']>> = {
  read: ({ path }, files) => numbered(contentOf(files, String(path))),
  edit: (input, files) => edit(files, String(input.path), String(input.old_string), String(input.new_string)),
};

const EXTRA: Readonly<Record<ExtraTool, HandTool>> = {
  burn: {
    name: 'burn',
    description: 'Burns CPU.',
    parameters: { type: 'object' },
    run: ({ ms }) => burn(Number(ms)),
  },
  crash: {
    name: 'crash',
    description: 'Crashes.',
    parameters: { type: 'object' },
    run: ({ way }) => crash(way),
  },
};

/** What is offered in a conversation, with or without one more tool at the end; the same array for the same conversations. */
export type Toolbox = (extraTool: ExtraTool | undefined) => readonly HandTool[];

/**
 * The tools that skein offers by these names, with skein's own definitions, so that all contestants send the same bytes.
 * Only `read` and `edit` do something; the scenarios ask for no other.
 */
export function handTools(names: readonly string[]): Toolbox {
  const definitions = new ToolSet(names.flatMap((name) => namedTools(name, []))).definitions();
  const tools = definitions.map(({ function: { name, description, parameters } }): HandTool => ({
    name,
    description,
    parameters,
    run: RUN[name] ?? refuse,
  }));
  const withExtra = { burn: [...tools, EXTRA.burn], crash: [...tools, EXTRA.crash] };
  return (extraTool) => (extraTool === undefined ? tools : withExtra[extraTool]);
}

function refuse(): never {
  throw new Error('this tool is only there to be offered');
}

function contentOf(files: Files, path: string): string {
  const text = files.get(path);
  if (text === undefined) throw new Error(`no file ${path}`);
  return text;
}

function numbered(text: string): string {
  const lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : text.split('\n');
  return lines.map((line, index) => `${String(index + 1).padStart(6)}\t${line}`).join('\n');
}

function edit(files: Files, path: string, oldText: string, newText: string): string {
  const text = contentOf(files, path);
  const at = text.indexOf(oldText);
  if (at === -1 || text.includes(oldText, at + 1)) throw new Error(`old_string is not unique in ${path}`);
  files.set(path, text.slice(0, at) + newText + text.slice(at + oldText.length));
  return `Edited ${path}.`;
}
