import { SkeinError } from '../../../src/errors.ts';
import type { Session } from '../../../src/pool/session.ts';
import type { Snapshot, SnapshotRef } from '../../../src/pool/snapshot.ts';
import { differentFiles } from './check-session.ts';
import { lineOf, type ModelPoint, type SessionModel } from './session-model.ts';
import { modelOf } from './sim-model.ts';
import type { SimDisk } from './sim-store.ts';
import type { World } from './world.ts';

/** Callers that go back to earlier points, fork there and compare them, and hold what they get against what was there. */
export class Rewinds {
  readonly #world: World;
  readonly #disk: SimDisk;
  readonly #firstFiles: Readonly<Record<string, string>>;

  constructor(world: World, disk: SimDisk, firstFiles: Readonly<Record<string, string>>) {
    this.#world = world;
    this.#disk = disk;
    this.#firstFiles = firstFiles;
  }

  /** @param isSettled  nothing of the session is being written: then it is known what must come of it */
  async undo(session: Session, isSettled: boolean): Promise<void> {
    const { model, openPrompts } = this.#watch(session.id);
    const before = model.current;
    const isFree = openPrompts.length === 0;
    const to = this.#world.prng.chance(0.5) ? this.#drawPoint(model) : undefined;
    const target = to === undefined ? before.previous : model.points.get(to);
    let snapshot: Snapshot;
    try {
      snapshot = await session.undo(to === undefined ? {} : { to: refOf(to) });
    } catch (error) {
      const code = error instanceof SkeinError ? error.code : '';
      if (code === 'session_busy') {
        if (isSettled && isFree) this.#fail(session, 'is busy with nothing');
        this.#world.reach('undo: refused, prompts have not ended');
      }
      if (code === 'nothing_to_undo' && isSettled && before.previous)
        this.#fail(session, 'has something to undo');
      throw error;
    }
    if (isSettled && !isFree) this.#fail(session, 'was undone in the middle of a prompt');
    if (isSettled && snapshot.promptId !== (target?.promptId ?? null)) {
      this.#fail(session, `was undone to ${snapshot.promptId}, not to ${target?.promptId}`);
    }
    this.#checkSnapshot(session, snapshot, model);
    this.#world.reach(isAncestor(snapshot.promptId, before) ? 'undo: back' : 'undo: of an undo');
    if (snapshot.promptId === null) this.#world.reach('undo: to the start');
  }

  async fork(parent: Session, id: string, isSettled: boolean): Promise<Session> {
    const { prng } = this.#world;
    const { model, openPrompts } = this.#watch(parent.id);
    const at = prng.chance(0.5) ? this.#drawPoint(model) : undefined;
    const point = at === undefined ? model.current : model.points.get(at);
    const ref = at === undefined ? undefined : prng.chance(0.3) ? parent.snapshot(refOf(at)) : refOf(at);
    const isInProgress = openPrompts.length > 0;
    const fork = await parent.fork({
      id,
      model: modelOf(id),
      ...(ref === undefined ? {} : { at: ref }),
    });
    const entry = this.#disk.journals.get(id)?.entries[1];
    const from = entry?.type === 'restored' ? entry.from.promptId : 'nothing';
    if (isSettled && from !== (point?.promptId ?? null)) {
      this.#fail(parent, `was forked at ${from}, not at ${point?.promptId}`);
    }
    this.#checkSnapshot(fork, fork.snapshot('start'), this.#watch(id).model);
    this.#world.reach(isInProgress ? 'fork: of a session in progress' : 'fork: done');
    if (this.#disk.journals.get(parent.id)?.entries[1]?.type === 'restored')
      this.#world.reach('fork: of a fork');
    return fork;
  }

  /** Holds two points of the session, and what is between them, against what was there. Nothing of it is being written. */
  compare(session: Session): void {
    const { model, openPrompts } = this.#watch(session.id);
    const latest = session.snapshot();
    if (latest.promptId !== model.current.promptId) {
      this.#fail(session, `is after ${latest.promptId}, not after ${model.current.promptId}`);
    }
    this.#checkSnapshot(session, latest, model);
    if (openPrompts.length > 0) this.#world.reach('snapshot: a prompt is in progress');
    const [a, b] = [this.#drawPoint(model), this.#drawPoint(model)];
    const [before, after] = [a, b].map((promptId) => this.#filesAt(model.points.get(promptId)));
    if (!before || !after) return;
    const paths = [...new Set([...before.keys(), ...after.keys()])].filter(
      (path) => before.get(path) !== after.get(path),
    );
    const shown = session.diff(refOf(a), refOf(b)).differences;
    if (shown.map(({ path }) => path).join() !== paths.sort().join()) {
      this.#fail(
        session,
        `between ${a} and ${b} it shows ${shown.map(({ path }) => path).join()}, not ${paths.join()}`,
      );
    }
    for (const { path, after: bytes } of shown) {
      if ((bytes && Buffer.from(bytes).toString()) === (after.get(path) ?? null)) continue;
      this.#fail(session, `between ${a} and ${b} it shows another ${path}`);
    }
    if (shown.length > 0) this.#world.reach('diff: files differ');
  }

  #checkSnapshot(session: Session, snapshot: Snapshot, model: SessionModel): void {
    const point = model.points.get(snapshot.promptId);
    if (!point) return this.#fail(session, `gives a snapshot of ${snapshot.promptId}, which is no point`);
    const messages = snapshot.messages().map(lineOf).join(' | ');
    if (messages !== point.messages.join(' | ')) {
      this.#fail(session, `had other messages after ${snapshot.promptId}: ${messages}`);
    }
    const problem = differentFiles(snapshot.workspace.files, this.#filesAt(point));
    if (problem !== undefined) this.#fail(session, `had other files after ${snapshot.promptId}: ${problem}`);
  }

  #filesAt(point: ModelPoint | undefined): Map<string, string> {
    const files = new Map(Object.entries(this.#firstFiles));
    for (const [path, text] of point?.files ?? []) {
      if (text === null) files.delete(path);
      else files.set(path, text);
    }
    return files;
  }

  #drawPoint(model: SessionModel): string | null {
    return this.#world.prng.pick([...model.points.keys()]);
  }

  #watch(sessionId: string): NonNullable<ReturnType<SimDisk['watch']>> {
    const watch = this.#disk.watch(sessionId);
    if (!watch) throw new Error(`${sessionId} has no journal`);
    return watch;
  }

  #fail(session: Session, problem: string): void {
    this.#world.fail(`session ${session.id} ${problem}`);
  }
}

function refOf(promptId: string | null): SnapshotRef {
  return promptId ?? 'start';
}

function isAncestor(promptId: string | null, point: ModelPoint): boolean {
  for (let at: ModelPoint | null = point; at; at = at.previous) if (at.promptId === promptId) return true;
  return false;
}
