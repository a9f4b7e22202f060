/** A skill of the Agent Skills format: a folder with a SKILL.md. Plain data, so that it can travel to a thread. */
export interface Skill {
  /** In Unicode form NFKC. The front matter's, or else the folder's. */
  readonly name: string;
  /** What it does and when to use it; line breaks inside are kept. */
  readonly description: string;
  /** The instructions: what follows the front matter, trimmed. */
  readonly body: string;
  /** Its SKILL.md, as a reader should see it. */
  readonly path: string;
  /** The folder it lives in. */
  readonly dir: string;
  /** Every other key of the front matter, and the entries of its `metadata`, as they were written. */
  readonly metadata: Readonly<Record<string, string>>;
  /** As the skill asks for them; skein grants nothing because of it. Null when it does not say. */
  readonly allowedTools: readonly string[] | null;
  /** Only a person may call it: neither the catalogue nor the `skill` tool shows it. */
  readonly disableModelInvocation: boolean;
  /** Files beside SKILL.md, as paths from `dir`, sorted; the first 50. */
  readonly resources: readonly string[];
}

/** Something to tell about a skill that was loaded all the same, or about one that was not. */
export interface SkillWarning {
  /** The file or directory it is about. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** The skill of that name, or null (CA-29). */
export function findSkill(name: string, skills: readonly Skill[]): Skill | null {
  const normalized = name.normalize('NFKC');
  return skills.find((skill) => skill.name === normalized) ?? null;
}
