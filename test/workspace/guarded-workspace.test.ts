import { describe, expect, it } from 'vitest';
import { GuardedWorkspace } from '../../src/workspace/guarded-workspace.ts';
import { fromFiles } from '../../src/workspace/from-files.ts';
import { OverlayWorkspace } from '../../src/workspace/overlay-workspace.ts';

describe('what a custom tool gets of a shared file', () => {
  it('is a copy: no method of its workspace leads to the memory that all threads share', () => {
    const workspace = new OverlayWorkspace({ images: [fromFiles({ 'a.ts': 'one' })] });
    // Built-in tools may look at it where it lies.
    expect(workspace.view('a.ts').buffer).toBeInstanceOf(SharedArrayBuffer);

    const guarded = new GuardedWorkspace(workspace);
    expect('view' in guarded).toBe(false);
    const bytes = guarded.readBytes('a.ts');
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
    bytes.fill(0);
    expect(workspace.readText('a.ts')).toBe('one');
  });
});
