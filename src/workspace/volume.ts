import { Superblock } from '@jsonjoy.com/fs-core';
import { asBuffer } from './bytes.ts';

type Link = Superblock['root'];

const FILE = 0o100666;
const DIRECTORY = 0o040777;

/**
 * File contents in memory, by canonical path (see `paths.ts`): the only door to memfs. Directories appear with their
 * first file and vanish with their last; there are no links. The caller has checked paths, kinds and sizes.
 *
 * memfs is driven through its tree of links and nodes, not its `fs` calls: those resolve against the host's working
 * directory, follow symlinks, lose binary content in `toJSON`, drop a directory that is renamed into itself, and cost
 * about five times as much a file (every call walks the path and opens and closes a descriptor). The tree is a package
 * of memfs of its own; memfs itself loads adapters for 10 ms more in every thread (17.5 against 7 ms).
 */
export class Volume {
  readonly #core = new Superblock();

  /** Creates or replaces a file with a copy of the bytes. */
  writeBytes(path: string, bytes: Uint8Array): void {
    this.#makeFile(path).setBuffer(asBuffer(bytes));
  }

  /** {@link writeBytes} for text, encoded as UTF-8 without an extra copy. */
  writeText(path: string, text: string): void {
    this.#makeFile(path).setString(text);
  }

  /** The volume's own bytes, not a copy: read them at once and never write them. */
  view(path: string): Buffer {
    const node = this.#find(path)?.getNode();
    if (!node?.isFile()) throw new Error(`Volume holds no file ${path}: the overlay's index is wrong.`);
    return node.buf.subarray(0, node.getSize());
  }

  /** Whether at least one file is under this path. */
  isDirectory(path: string): boolean {
    const link = this.#find(path);
    return link !== undefined && link.length > 0 && link.getNode().isDirectory();
  }

  /** Removes a file and the directories that it leaves empty. */
  remove(path: string): void {
    let link = this.#find(path);
    while (link !== undefined && link !== this.#core.root && link.length === 0) {
      const parent: Link | undefined = link.parent;
      const node = link.getNode();
      this.#core.deleteLink(link);
      this.#core.deleteNode(node);
      link = parent;
    }
  }

  #find(path: string): Link | undefined {
    let link: Link | undefined = this.#core.root;
    for (const name of path.split('/')) {
      link = link.getChild(name);
      if (link === undefined) return undefined;
    }
    return link;
  }

  #makeFile(path: string): ReturnType<Link['getNode']> {
    const names = path.split('/');
    let link = this.#core.root;
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      link =
        link.getChild(name) ??
        link.createChild(name, this.#core.createNode(i === names.length - 1 ? FILE : DIRECTORY));
    }
    const node = link.getNode();
    if (!node.isFile()) throw new Error(`Volume holds a directory ${path}: the changes are out of order.`);
    return node;
  }
}
