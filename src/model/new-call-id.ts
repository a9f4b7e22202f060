import { randomUUID } from 'node:crypto';

/** An id for a tool call whose provider gave it none, or one that another call has. */
export function newCallId(): string {
  return `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}
