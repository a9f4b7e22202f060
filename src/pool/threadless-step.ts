import type { SessionRecord } from '../journal/session-record.ts';
import type { Opening, StepDone, StepInput, StepNext } from '../protocol/messages.ts';
import { openingOf, systemPrompt } from '../protocol/opening.ts';
import { namedTools } from '../tools/presets.ts';
import { ToolSet } from '../tools/tool-set.ts';

/**
 * What a step comes to that runs nothing: a prompt's beginning, and a response after which nothing is to be done. Such a
 * step needs no thread, and waits for none. It says what {@link runStep} would.
 * @returns undefined where a thread is needed
 */
export function threadlessStep(record: SessionRecord, input: StepInput): StepDone | undefined {
  switch (input.type) {
    case 'open':
      return undefined;
    case 'prompt': {
      // Later steps have nothing to add to what the first one said.
      const opening = record.volumeOf === 0 ? openingHere(record) : null;
      return opening === undefined ? undefined : done(opening, { wait: 'model' });
    }
    case 'turn': {
      if (record.volumeOf === 0) return undefined;
      if (input.calls.length === 0) {
        return input.answer ? undefined : done(null, { wait: 'nothing', stopReason: 'end' });
      }
      return record.isAtTurnLimit ? done(null, { wait: 'nothing', stopReason: 'max-turns' }) : undefined;
    }
  }
}

function done(opening: Opening | null, next: StepNext): StepDone {
  return { type: 'done', opening, results: [], changes: [], next };
}

/** The tools of the session asked about last, as JSON: most sessions of a pool have the same. */
let latest: { readonly names: string; readonly tools: string | null } | undefined;

/** Undefined where only a thread can tell what a module brings. */
function openingHere({ spec }: SessionRecord): Opening | undefined {
  const names: string[] = [];
  for (const source of spec.tools) {
    if (source.kind !== 'named') return undefined;
    names.push(source.name);
  }
  const of = names.join(' ');
  if (spec.skills.length === 0 && latest?.names === of) {
    return { system: systemPrompt(spec.system, []), tools: latest.tools };
  }
  const opening = openingOf(spec, new ToolSet(names.flatMap((name) => namedTools(name, spec.skills))));
  if (spec.skills.length === 0) latest = { names: of, tools: opening.tools };
  return opening;
}
