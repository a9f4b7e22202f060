import type { ServerResponse } from 'node:http';

const HONESTY = { 'x-skein-scripted-model': 'not a language model' } as const;

/** Starts a response with status 200. */
export function sendHead(response: ServerResponse, contentType: string): void {
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store', ...HONESTY });
}

/** A whole response; JSON unless the headers say otherwise. */
export function sendBody(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...HONESTY, ...headers });
  response.end(body);
}

/** An error as OpenAI words it. */
export function errorBody(
  message: string,
  code: string | null,
  type = 'invalid_request_error',
  param: string | null = null,
): string {
  return JSON.stringify({ error: { message, type, param, code } });
}
