/**
 * Takes keys that could reach a prototype (`__proto__`, `constructor` with a `prototype`) out of parsed JSON, at any depth. In
 * place, and without recursion: what a model writes may be nested 100,000 deep.
 */
export function dropPrototypeKeys(root: object): void {
  const open: object[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const record = node as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      const value = record[key];
      const dangerous =
        key === '__proto__' ||
        (key === 'constructor' &&
          typeof value === 'object' &&
          value !== null &&
          Object.hasOwn(value, 'prototype'));
      if (dangerous) delete record[key];
      else if (typeof value === 'object' && value !== null) open.push(value);
    }
  }
}
