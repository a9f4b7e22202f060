const WATCHED: readonly object[] = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Object,
];

/** Remembers the built-in prototypes as they are when it is made. */
export class PrototypeWatch {
  readonly #keyCounts = WATCHED.map((object) => Reflect.ownKeys(object).length);
  readonly #values = WATCHED.map((object) => new Map(entriesOf(object)));

  /** Cheap enough for every call: whether a key came or went. */
  get isClean(): boolean {
    return (
      Reflect.ownKeys(Object.prototype).length === this.#keyCounts[0] &&
      Object.getPrototypeOf(Object.prototype) === null &&
      Reflect.ownKeys(Array.prototype).length === this.#keyCounts[1]
    );
  }

  /** Every key and every value. */
  get isUntouched(): boolean {
    return WATCHED.every((object, i) => {
      const before = this.#values[i]!;
      const now = entriesOf(object);
      return now.length === before.size && now.every(([key, value]) => before.get(key) === value);
    });
  }
}

function entriesOf(object: object): [PropertyKey, unknown][] {
  return Reflect.ownKeys(object).map((key) => {
    const { value, get } = Reflect.getOwnPropertyDescriptor(object, key) ?? {};
    return [key, value ?? get];
  });
}
