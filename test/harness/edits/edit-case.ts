/** An edit that a model might ask for, and what has to come of it. */
export interface EditCase {
  readonly name: string;
  readonly source: string;
  readonly file: string;
  readonly edits: readonly CaseEdit[];
  /** The file afterwards: any of these, or none when the edit must be refused. */
  readonly truths: readonly string[];
}

export interface CaseEdit {
  readonly old_string: string;
  readonly new_string: string;
  readonly replace_all?: boolean;
}
