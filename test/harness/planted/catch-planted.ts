import { atLeast, type Figure } from '../shared/figures.ts';
import type { PlantedBug } from './planted-bug.ts';
import { ScratchCopy } from './scratch-copy.ts';

/** What a harness exits with when a figure failed, and never otherwise. */
const FOUND = 1;

/**
 * Plants each bug in a copy of the project and runs the harness that has to catch it; first without any bug, since a
 * harness that is red anyway catches nothing.
 * @returns a line for each bug, and one for all
 */
export async function catchPlanted(
  projectRoot: string,
  bugs: readonly PlantedBug[],
  tell: (line: string) => void = () => undefined,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  const copy = new ScratchCopy(projectRoot);
  try {
    const clean = new Map<string, boolean>();
    for (const bug of bugs) {
      const command = `${bug.harness} ${bug.flags}`;
      if (!clean.has(command)) {
        const { exitCode, output } = await copy.run(bug.harness, bug.flags);
        clean.set(command, exitCode === 0);
        if (exitCode !== 0) tell(`npm run ${command} fails without any bug (${exitCode}):\n${output}`);
      }
      const { exitCode, output } = await copy.runWith(bug);
      const isCaught = clean.get(command) === true && exitCode === FOUND;
      const measured = isCaught ? 'caught' : `not caught (exit code ${exitCode})`;
      figures.push({ name: bug.name, goal: `caught by ${bug.harness}`, measured, ok: isCaught });
      tell(`${bug.name}: ${measured}`);
      if (!isCaught) tell(output);
    }
  } finally {
    copy.remove();
  }
  const caught = figures.filter(({ ok }) => ok).length;
  return [...figures, atLeast('planted bugs caught', bugs.length, caught)];
}
