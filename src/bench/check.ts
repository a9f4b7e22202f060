/** What a conversation must have come to, to count as a success: all that is given must hold. */
export interface BenchCheck {
  /** Path → what must be there; empty for nothing. */
  readonly files: Readonly<Record<string, FileCheck>>;
  /** A regular expression, with its flags, that the last reply must match; null for any reply. */
  readonly reply: { readonly pattern: string; readonly flags: string } | null;
  /** Run in a directory with a copy of the files, it must exit with 0; null for none. */
  readonly command: CommandCheck | null;
}

export type FileCheck =
  | { readonly is: 'there' | 'absent' }
  | { readonly is: 'equal' | 'containing'; readonly text: string }
  | { readonly is: 'matching'; readonly pattern: string; readonly flags: string };

export interface CommandCheck {
  /** The program and its arguments; with `shell` one text, which a shell reads. */
  readonly words: readonly string[];
  readonly shell: boolean;
  readonly timeoutMs: number;
}
