import { runCall } from '../../../src/tools/run-call.ts';
import { namedTools } from '../../../src/tools/presets.ts';
import { ToolSet } from '../../../src/tools/tool-set.ts';
import type { BaseImage } from '../../../src/workspace/base-image.ts';
import { OverlayWorkspace } from '../../../src/workspace/overlay-workspace.ts';
import { SimpleTree } from '../../workspace/simple-tree.ts';
import type { Prng } from '../shared/prng.ts';
import { BASE_FILES } from './base-files.ts';
import { drawDirectCall } from './direct-calls.ts';
import type { Findings } from './findings.ts';
import type { PrototypeWatch } from './prototype-watch.ts';
import type { SpelledPath } from './spelled-paths.ts';
import { drawCall, SKILL_BODY, type FuzzCall } from './tool-calls.ts';

const QUOTAS = [
  { maxFileBytes: 64, maxTotalBytes: 200, maxFiles: 6 },
  { maxFileBytes: 70_000, maxTotalBytes: 150_000, maxFiles: 40 },
  { maxFileBytes: 4_000_000, maxTotalBytes: 16_000_000, maxFiles: 1_000 },
];
const SKILL = {
  name: 'deploy',
  description: 'How to deploy.',
  body: SKILL_BODY,
  path: 'deploy/SKILL.md',
  dir: 'deploy',
  metadata: {},
  allowedTools: null,
  disableModelInvocation: false,
  resources: [],
};
const SKILLS = [SKILL, { ...SKILL, name: 'hidden', disableModelInvocation: true }];
const TOOLS = new ToolSet(
  ['coding-agent', 'code', 'apply_patch_atomic'].flatMap((name) => [...namedTools(name, SKILLS)]),
);
/** 2,000 lines and 50 KB, and a note of a few lines on top. */
const MAX_LINES = 2_000 + 6;
const MAX_BYTES = 50 * 1024 + 500;
const signal = new AbortController().signal;

/** Some hundred calls on one workspace, each compared with a simple tree. */
export class ToolEpisode {
  refusals = 0;
  readonly #name: string;
  readonly #prng: Prng;
  readonly #image: BaseImage;
  readonly #host: readonly SpelledPath[];
  readonly #forbidden: readonly string[];
  readonly #watch: PrototypeWatch;
  readonly #findings: Findings;
  readonly #quota: (typeof QUOTAS)[number];
  readonly #tree: SimpleTree;
  #workspace: OverlayWorkspace;
  readonly #journal = new Map<string, Uint8Array | null>();

  constructor(data: {
    name: string;
    prng: Prng;
    image: BaseImage;
    host: readonly SpelledPath[];
    /** Texts that no answer may hold, unless they were in the question. */
    forbidden: readonly string[];
    watch: PrototypeWatch;
    findings: Findings;
  }) {
    this.#name = data.name;
    this.#prng = data.prng;
    this.#image = data.image;
    this.#host = data.host;
    this.#forbidden = data.forbidden;
    this.#watch = data.watch;
    this.#findings = data.findings;
    this.#quota = data.prng.pick(QUOTAS);
    this.#tree = new SimpleTree(BASE_FILES, this.#quota);
    this.#workspace = new OverlayWorkspace({ images: [this.#image], quota: this.#quota });
  }

  /** Ends early at the first find: after it the model and the workspace have gone different ways. */
  run(calls: number): void {
    const before = this.#findings.list.length;
    const foundNothing = (): boolean => this.#findings.list.length === before;
    for (let i = 0; i < calls && foundNothing(); i++) {
      const place = `${this.#name}, call ${i}`;
      const draw = this.#prng.below(100);
      if (draw === 0) this.#moveHouse();
      else if (draw < 20) this.#direct(place);
      else this.#call(place, drawCall(this.#prng, this.#host));
      if (foundNothing()) this.#checkTree(place, i % 100 === 99 || i === calls - 1);
      if (!this.#watch.isClean) this.#findings.add('prototype', place, 'Object.prototype was changed');
    }
  }

  #call(place: string, call: FuzzCall): void {
    const asked = `${call.name.slice(0, 50)}(${call.arguments.slice(0, 600)})`;
    const expected = call.expect(this.#tree);
    // Not run, as the tree could not follow.
    if (expected === 'unjudged') return;
    let result: { readonly content: string; readonly isError: boolean };
    try {
      const answer = runCall(
        TOOLS,
        { id: 'c', name: call.name, arguments: call.arguments },
        { workspace: this.#workspace, signal, sessionId: 'fuzz' },
      );
      if (answer instanceof Promise) throw new TypeError('a built-in tool answered with a promise');
      result = answer;
    } catch (error) {
      this.#findings.add('uncaught', place, `${asked} threw ${String(error)}`);
      return;
    }
    if (result.isError) this.refusals++;
    const { content } = result;
    const isRight =
      result.isError === expected.isError &&
      content.startsWith('Error: ') === result.isError &&
      (expected.isError || expected.content === undefined || isShortened(content, expected.content));
    if (!isRight) {
      this.#findings.add(
        'differs',
        place,
        `${asked}\n  answered ${JSON.stringify(content.slice(0, 300))}\n  expected ${JSON.stringify(expected).slice(0, 300)}`,
      );
    }
    this.#checkText(place, asked, content, call.arguments);
  }

  #checkText(place: string, asked: string, content: string, question: string): void {
    const bytes = content.length * 3 <= MAX_BYTES ? 0 : Buffer.byteLength(content);
    if (bytes > MAX_BYTES || (content.length > MAX_LINES && content.split('\n').length > MAX_LINES)) {
      this.#findings.add('too long', place, `${asked} gave ${bytes} bytes`);
    }
    for (const text of this.#forbidden) {
      if (content.includes(text) && !question.includes(text)) {
        this.#findings.add('host path', place, `${asked} told ${text}: ${content.slice(0, 300)}`);
      }
    }
  }

  #direct(place: string): void {
    const call = drawDirectCall(this.#prng, this.#host);
    const expected = call.expect(this.#tree);
    let outcome: string;
    try {
      outcome = call.act(this.#workspace);
    } catch (error) {
      this.#findings.add('uncaught', place, `${call.text} threw ${String(error)}`);
      return;
    }
    if (outcome.startsWith('refused')) this.refusals++;
    if (outcome !== expected) {
      this.#findings.add('differs', place, `${call.text}\n  did ${outcome}\n  expected ${expected}`);
    }
  }

  /** What a step does: the changes are taken, and the workspace is made again from all of them. */
  #moveHouse(): void {
    for (const { path, bytes } of this.#workspace.takeChanges()) {
      this.#journal.delete(path);
      this.#journal.set(path, bytes);
    }
    const changes = [...this.#journal].map(([path, bytes]) => ({ path, bytes }));
    this.#workspace = new OverlayWorkspace({ images: [this.#image], quota: this.#quota, changes });
  }

  #checkTree(place: string, withContents: boolean): void {
    const expected = this.#tree.list('');
    const files = this.#workspace.list();
    if (files.length !== expected.length || files.some((file, i) => file !== expected[i])) {
      this.#findings.add(
        'differs',
        place,
        `the tree is ${files.join(' ')}\n  expected ${expected.join(' ')}`,
      );
      return;
    }
    // The last one changed always, all of them now and then: reading all at each call takes most of the time.
    for (const file of withContents ? files : files.slice(0, 1)) {
      if (!this.#tree.get(file)?.equals(this.#workspace.readBytes(file))) {
        this.#findings.add('differs', place, `the content of ${file} is not what it should be`);
      }
    }
  }
}

/** Long answers are cut; the limits are checked by themselves. */
function isShortened(content: string, expected: string): boolean {
  return content === expected || (expected.length > 2_000 && content.startsWith(expected.slice(0, 1_000)));
}
