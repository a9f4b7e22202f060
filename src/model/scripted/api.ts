import { hugeChatEvent, streamChat, wholeChat } from './encode-chat.ts';
import { hugeResponseEvent, streamResponse, wholeResponse } from './encode-responses.ts';
import type { Frame } from './frames.ts';
import { readChat } from './read-chat.ts';
import { readResponses } from './read-responses.ts';
import type { Reply } from './reply.ts';
import type { ApiRequest, Included } from './request-body.ts';

/** One way to ask the scripted model: how its requests are read, and its answers written. The script is the same for all. */
export interface Api {
  /** @throws {RequestError} 400 when it is no such request */
  read(body: string): ApiRequest;
  stream(reply: Reply, included: Included): Frame[];
  whole(reply: Reply, included: Included): Frame[];
  /** An event of any size, in two halves between which its text goes, and the rest of the stream. */
  huge(reply: Reply): { readonly start: string; readonly end: string };
}

/** By path. */
export const APIS: Readonly<Record<string, Api>> = {
  '/v1/chat/completions': { read: readChat, stream: streamChat, whole: wholeChat, huge: hugeChatEvent },
  '/v1/responses': {
    read: readResponses,
    stream: streamResponse,
    whole: wholeResponse,
    huge: hugeResponseEvent,
  },
};
