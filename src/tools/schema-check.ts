import { dereference, validate, type OutputUnit, type Schema } from '@cfworker/json-schema';
import { headChars } from '../head-chars.ts';
import type { JsonSchema } from './tool.ts';

/** One thing that a schema does not allow in a value. */
export interface SchemaProblem {
  /** `edits.0.path`; '' for the value itself. */
  readonly place: string;
  /** Of JSON Schema; `false` where nothing is allowed. */
  readonly keyword: string;
  /** Follows the place: `must be string, got number`. */
  readonly reason: string;
}

/** They say no more than that something inside them is wrong, which has a problem of its own. */
const OUTER_KEYWORDS: ReadonlySet<string> = new Set([
  '$ref',
  'allOf',
  'properties',
  'patternProperties',
  'additionalProperties',
  'unevaluatedProperties',
  'items',
  'prefixItems',
  'additionalItems',
  'unevaluatedItems',
  'dependentSchemas',
  'if',
]);

const DRAFT = '2020-12';

/** Keywords whose schemas a value is held against at its own place. */
const SAME_PLACE: readonly string[] = ['not', 'if', 'then', 'else'];
const SAME_PLACE_LIST: readonly string[] = ['allOf', 'anyOf', 'oneOf'];
const SAME_PLACE_NAMED: readonly string[] = ['dependentSchemas', 'dependencies'];

/** A JSON Schema that values are held against. */
export class SchemaCheck {
  readonly #schema: Schema;
  /** Its parts, by the names under which references find them. */
  readonly #parts: Readonly<Record<string, Schema | boolean>>;

  /** @throws Error for a schema that cannot be read: two parts of one name, say */
  constructor(schema: JsonSchema) {
    // A copy, because the library writes marks into a schema that has references.
    this.#schema = structuredClone(schema);
    this.#parts = dereference(this.#schema);
  }

  /**
   * The first thing that is wrong, from the inside; undefined when nothing is.
   * @throws Error when the value cannot be checked: a reference to nowhere, an expression that is none, schemas that go
   *   round in a circle
   */
  firstProblem(value: unknown): SchemaProblem | undefined {
    // The first error names the place from the outside, the last one the reason on the inside.
    const error = this.#errors(value, true).at(-1);
    return error && problemOf(error);
  }

  /** All that is wrong, up to `most`; none when nothing is. @throws as {@link firstProblem} */
  problems(value: unknown, most: number): readonly SchemaProblem[] {
    const errors = this.#errors(value, false);
    const inner = errors.filter(({ keyword }) => !OUTER_KEYWORDS.has(keyword));
    return (inner.length === 0 ? errors : inner).slice(0, most).map(problemOf);
  }

  /** A reference of the schema that leads nowhere. */
  get danglingReference(): string | undefined {
    for (const part of Object.values(this.#parts)) {
      if (typeof part === 'boolean') continue;
      const { $ref, __absolute_ref__: target } = part;
      if ($ref !== undefined && this.#parts[target ?? $ref] === undefined) return $ref;
    }
    return undefined;
  }

  /**
   * How many schemas a value is held against at one place, at most, each as often as it is referred to: a few references can
   * make billions of it. Infinity where they go round in a circle.
   */
  get mostAtOnePlace(): number {
    const known = new Map<Schema | boolean | undefined, number>();
    const countOf = (schema: Schema | boolean | undefined): number => {
      const before = known.get(schema);
      if (before !== undefined) return before;
      known.set(schema, Infinity);
      const count = this.#samePlace(schema).reduce((sum: number, inner) => sum + countOf(inner), 1);
      known.set(schema, count);
      return count;
    };
    return Math.max(...[this.#schema, ...Object.values(this.#parts)].map(countOf));
  }

  #samePlace(schema: Schema | boolean | undefined): readonly (Schema | boolean | undefined)[] {
    if (typeof schema !== 'object') return [];
    const { $ref, __absolute_ref__: target } = schema;
    const within = [
      ...SAME_PLACE.map((key): unknown => schema[key]),
      ...SAME_PLACE_LIST.flatMap((key): unknown => schema[key]),
      ...SAME_PLACE_NAMED.flatMap((key): unknown[] =>
        Object.values((schema[key] as object | undefined) ?? {}),
      ),
    ].filter(
      (inner): inner is Schema => typeof inner === 'object' && inner !== null && !Array.isArray(inner),
    );
    return $ref === undefined ? within : [...within, this.#parts[target ?? $ref]];
  }

  /** From the outside in; never empty for a value that is wrong. */
  #errors(value: unknown, onlyFirst: boolean): readonly OutputUnit[] {
    const { valid, errors } = validate(value, this.#schema, DRAFT, this.#parts, onlyFirst);
    if (valid || errors.length > 0) return valid ? [] : errors;
    return [
      { instanceLocation: '#', keyword: '', keywordLocation: '#', error: 'It does not match the schema.' },
    ];
  }
}

function problemOf({ instanceLocation, keyword, error }: OutputUnit): SchemaProblem {
  return {
    place: placeOf(instanceLocation),
    keyword,
    reason: keyword === 'false' ? 'is not allowed' : plain(error),
  };
}

/** `#/edits/0/path` → `edits.0.path`. */
function placeOf(pointer: string): string {
  const names = pointer.split('/').slice(1);
  return headChars(
    names.map((name) => decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')).join('.'),
    100,
  );
}

/** The validator's words, in the reader's. */
function plain(error: string): string {
  const missing = /^Instance does not have required property "(.*)"\.$/s.exec(error);
  if (missing) return `${missing[1]} is missing`;
  const type = /^Instance type "(.*)" is invalid\. Expected (.*)\.$/s.exec(error);
  if (type) return `must be ${type[2]!.replaceAll('"', '')}, got ${type[1]}`;
  return headChars(error.replace(/\.$/, ''), 300);
}
