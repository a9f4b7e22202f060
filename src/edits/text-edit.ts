/** One change as a model asks for it. */
export interface TextEdit {
  readonly oldText: string;
  /** Literal: no `$&` or `$1`. */
  readonly newText: string;
  /** Change every occurrence; otherwise there must be one. */
  readonly replaceAll: boolean;
}
