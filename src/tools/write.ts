import type { Tool } from './tool.ts';

export interface WriteInput {
  readonly path: string;
  readonly content: string;
}

/** Creates or overwrites a text file, with its parent directories (LC-4, CA-20). */
export function writeTool(name: string): Tool {
  return {
    name,
    description:
      'Write a text file: creates it, with its parent directories, or replaces its whole content. To change a part of an existing file, edit it instead.',
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', minLength: 1, description: 'Path of the file' },
        content: { type: 'string', description: 'The whole new content' },
      },
      required: ['path', 'content'],
      additionalProperties: false,
    },
    execute({ path, content }: WriteInput, { workspace }) {
      workspace.writeText(path, content);
      const bytes = Buffer.byteLength(content);
      return `Wrote ${bytes} ${bytes === 1 ? 'byte' : 'bytes'} to ${path}.`;
    },
  };
}
