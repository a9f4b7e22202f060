/** A number generator that always gives the same numbers, from 0 up to 1, for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Mixes a text into a hash (FNV-1a), of which long texts give only their ends: this is asked for every request. */
export function mixText(hash: number, text: string): number {
  let mixed = Math.imul(hash ^ text.length, 0x01000193);
  const sample = text.length > 512 ? text.slice(0, 256) + text.slice(-256) : text;
  for (let i = 0; i < sample.length; i++) mixed = Math.imul(mixed ^ sample.charCodeAt(i), 0x01000193);
  return mixed;
}
