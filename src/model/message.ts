import type { ApiName } from './quirks.ts';

/**
 * One message of a session, in the form of Chat Completions: what providers, logs and other tools read. `reasoning` is skein's
 * own; each provider is sent what it wants of it.
 */
export type Message =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: UserContent }
  | {
      readonly role: 'assistant';
      readonly content: string | null;
      readonly tool_calls?: readonly {
        readonly id: string;
        readonly type: 'function';
        readonly function: { readonly name: string; readonly arguments: string };
      }[];
      readonly reasoning?: KeptReasoning;
    }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string };

/** Who gave a response. What is signed or encrypted in it, only they can read. */
export interface ModelSource {
  readonly provider: string;
  readonly model: string;
  readonly api: ApiName;
}

/** How the model came to its message. Goes back to where it came from, and to nobody else. */
export interface KeptReasoning {
  readonly from: ModelSource;
  /** '' when only {@link details} came. */
  readonly text: string;
  /**
   * What the provider wants back as it came, in order: OpenRouter's `reasoning_details`, or the output items of a Responses
   * API, messages and calls among them. Empty when it wants nothing.
   */
  readonly details: readonly unknown[];
}

/** What a user says: a text, or texts and images in order. */
export type UserContent = string | readonly ContentPart[];

/** An image is a URL that holds its bytes, or one that the provider fetches. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } };
