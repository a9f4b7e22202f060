import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { ConfigFileError } from '../errors.ts';
import { loadSkills } from '../skills/load-skills.ts';
import type { BaseImage } from '../workspace/base-image.ts';
import { baseImage } from '../workspace/make-base-image.ts';
import type { BenchScenario } from './plan.ts';

/**
 * The files that a scenario's conversations start with, packed once for all of them.
 * @throws {ConfigFileError} `invalid_plan` for a directory of skills that is not there; {@link BaseImageError}
 */
export async function scenarioImage({ name, files, skills }: BenchScenario): Promise<BaseImage> {
  for (const directory of skills) {
    // A session does without it; a scenario that names one is not meant to be measured without it.
    const isThere = await stat(directory).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    if (!isThere)
      throw new ConfigFileError(
        'invalid_plan',
        `The skills directory ${directory} of scenario ${name} is not there.`,
      );
  }
  if (files.kind === 'inline') return baseImage.fromFiles(files.files);
  return baseImage.fromDirectory(files.directory, {
    ...(files.include.length > 0 ? { include: files.include } : {}),
    // Results of earlier runs are no sources.
    exclude: [...files.exclude, '.skein'],
  });
}

/** SHA-256 of what a scenario's conversations see: two scenarios are the same when it is, wherever their files are. */
export async function scenarioHash(scenario: BenchScenario, image: BaseImage): Promise<string> {
  const hash = createHash('sha256');
  const { files: _, skills: directories, tools, ...rest } = scenario;
  const { skills } = await loadSkills(directories);
  hash.update(
    JSON.stringify({
      ...rest,
      skills: skills.map(({ name, description, body, resources }) => ({
        name,
        description,
        body,
        resources,
      })),
      // Of a module its name: where it is differs from machine to machine.
      tools: tools?.map((tool) => tool.replace(/^file:.*\//, '')),
    }),
  );
  for (const path of image.paths()) {
    const content = image.read(path)!;
    hash.update(`\n${path}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}
