import fc from 'fast-check';
import { Volume as Memfs } from 'memfs';
import { expect, it } from 'vitest';
import { Volume } from '../../src/workspace/volume.ts';

const NAMES = ['a', 'b', 'dir/a', 'dir/b', 'dir/sub/c'];

it('holds what memfs holds after the same writes and removals', () => {
  const step = fc.record({
    path: fc.constantFrom(...NAMES),
    bytes: fc.option(fc.uint8Array({ maxLength: 20 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const volume = new Volume();
      const memfs = new Memfs();
      const present = new Set<string>();
      for (const { path, bytes } of steps) {
        if (bytes) {
          volume.write(path, bytes);
          memfs.mkdirSync(`/${path}`.replace(/\/[^/]*$/, '/'), { recursive: true });
          memfs.writeFileSync(`/${path}`, bytes);
          present.add(path);
        } else if (present.delete(path)) {
          volume.remove(path);
          memfs.unlinkSync(`/${path}`);
        }
      }
      for (const path of present) {
        expect([...volume.bytes(path)]).toEqual([...(memfs.readFileSync(`/${path}`) as Buffer)]);
      }
      // Directories of memfs outlive their files.
      for (const directory of ['dir', 'dir/sub']) {
        const isThere = [...present].some((path) => path.startsWith(`${directory}/`));
        expect(volume.isDirectory(directory)).toBe(isThere);
      }
    }),
    { numRuns: 500 },
  );
});
