import type { ModelRequest, ModelResponse } from '../model/model.ts';

/** The seam to the model threads. */
export interface ModelCaller {
  /**
   * One attempt. `onText` gets text as it arrives, in order and before the promise settles.
   * @throws {ModelError} for every failure; kind `cancelled` when the signal was aborted
   */
  complete(
    provider: string,
    request: ModelRequest,
    options: { readonly signal: AbortSignal; readonly onText?: OnText | undefined },
  ): Promise<ModelResponse>;
  close(): Promise<void>;
}

export type OnText = (kind: 'text' | 'reasoning', text: string) => void;
