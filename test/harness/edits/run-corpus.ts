import { runCall } from '../../../src/tools/run-call.ts';
import { namedTools } from '../../../src/tools/presets.ts';
import { ToolSet } from '../../../src/tools/tool-set.ts';
import { OverlayWorkspace } from '../../../src/workspace/overlay-workspace.ts';
import { atLeast, none, told, type Figure } from '../shared/figures.ts';
import { Prng } from '../shared/prng.ts';
import { Violations } from '../shared/violations.ts';
import type { EditCase } from './edit-case.ts';
import { LANDING_CASES, type DrawCase } from './landing-cases.ts';
import { REFUSED_CASES } from './refused-cases.ts';
import { realSources, type Source } from './sources.ts';

export interface CorpusOptions {
  readonly seed: number;
  /** Cases of each class. */
  readonly each: number;
  /** Of the project, where the sources are. */
  readonly root: string;
}

/** What has become of the cases of one class. */
export interface ClassResult {
  readonly name: string;
  readonly mayLand: boolean;
  readonly cases: number;
  readonly landed: number;
  readonly refused: number;
  /** Made somewhere or somehow else, or made though it must not be. */
  readonly false: number;
}

/** Of the edits that a reader would call unambiguous so many of a hundred have to land. */
const MIN_LANDED = 95;
/** A source that gives no case so often in a row has none of this class. */
const MAX_DRAWS = 2_000;

const TOOLS = new ToolSet(namedTools('code', []));
const signal = new AbortController().signal;

/** Asks the tools for each case's edit and compares the file with the one right result. */
export function runCorpus({ seed, each, root }: CorpusOptions): {
  classes: ClassResult[];
  figures: Figure[];
  violations: Violations;
  /** Refusals of edits that might have landed, to look at. */
  missed: Violations;
} {
  const sources = realSources(root);
  const violations = new Violations();
  const missed = new Violations();
  const run = (name: string, draw: DrawCase, mayLand: boolean): ClassResult => {
    const prng = new Prng(seed).fork(name);
    const counts = { landed: 0, refused: 0, false: 0 };
    for (let index = 0; index < each; index++) {
      const drawn = drawOne(prng.fork(`case ${index}`), sources, name, draw);
      const { outcome, told: answer } = verdictOf(drawn);
      counts[outcome]++;
      const detail = `${drawn.source}\n${JSON.stringify(drawn.edits)}\n${answer}`;
      if (outcome === 'false') violations.add(name, `case ${index}`, detail);
      if (outcome === 'refused' && mayLand) missed.add(name, `case ${index}`, detail);
    }
    return { name, mayLand, cases: each, ...counts };
  };
  const classes = [
    ...Object.entries(LANDING_CASES).map(([name, draw]) => run(name, draw, true)),
    ...Object.entries(REFUSED_CASES).map(([name, draw]) => run(name, draw, false)),
  ];
  return { classes, figures: figuresOf(classes), violations, missed };
}

function figuresOf(classes: readonly ClassResult[]): Figure[] {
  const sum = (list: readonly ClassResult[], pick: (result: ClassResult) => number): number =>
    list.reduce((total, result) => total + pick(result), 0);
  const clear = classes.filter(({ mayLand }) => mayLand);
  const all = sum(classes, ({ cases }) => cases);
  return [
    atLeast('edits', 400, all),
    told('edits that must be refused', all - sum(clear, ({ cases }) => cases)),
    none(
      'false applications',
      sum(classes, (result) => result.false),
    ),
    atLeast(
      'unambiguous edits that land, of a hundred',
      MIN_LANDED,
      (100 * sum(clear, ({ landed }) => landed)) / sum(clear, ({ cases }) => cases),
    ),
  ];
}

function drawOne(
  prng: Prng,
  sources: readonly (readonly Source[])[],
  name: string,
  draw: DrawCase,
): EditCase {
  for (let attempt = 0; attempt < MAX_DRAWS; attempt++) {
    const drawn = draw(prng, prng.pick(prng.pick(sources)), name);
    if (drawn) return drawn;
  }
  throw new Error(`no case of "${name}" in ${MAX_DRAWS} draws`);
}

function verdictOf({ file, edits, truths }: EditCase): {
  outcome: 'landed' | 'refused' | 'false';
  told: string;
} {
  const workspace = new OverlayWorkspace();
  workspace.writeText('f', file);
  const [only] = edits;
  const call =
    edits.length === 1
      ? { id: 'c', name: 'edit_file', arguments: JSON.stringify({ path: 'f', ...only }) }
      : { id: 'c', name: 'multi_edit', arguments: JSON.stringify({ path: 'f', edits }) };
  const answer = runCall(TOOLS, call, { workspace, signal, sessionId: 'edits' });
  if (answer instanceof Promise) throw new TypeError('an edit answered with a promise');
  const result = workspace.readText('f');
  const told = answer.content;
  if (answer.isError) return { outcome: result === file ? 'refused' : 'false', told };
  return { outcome: truths.includes(result) ? 'landed' : 'false', told };
}
