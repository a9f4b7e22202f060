/** A package that a built-in tool needs and that skein does without until then: an optional peer dependency. */
export interface OptionalPackage {
  readonly name: string;
  /** The one version that this skein was tested with. */
  readonly version: string;
}

const PACKAGES: ReadonlyMap<string, OptionalPackage> = new Map([
  ['bash', { name: 'just-bash', version: '3.4.2' }],
]);

/** What a built-in tool needs to be installed; undefined for one that needs nothing. */
export function packageNeededBy(toolName: string): OptionalPackage | undefined {
  return PACKAGES.get(toolName);
}
