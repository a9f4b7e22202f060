import type { ModelError } from '../errors.ts';

/** What providers call what they refuse: OpenAI, DeepSeek, Groq, Mistral, vLLM, llama.cpp and Gemini among them. */
const NAMES_SCHEMA =
  /response[_ .-]?(format|schema)|text\.format|json[_ ]?schema|structured[_ ]outputs?|guided_json|specified schema/i;
/** Schemas of tools are refused in like words. */
const NAMES_TOOL = /for function|tools?\[|tool_calls|function_declarations/i;

/** A provider refused a request because of the schema that its answer was to have. */
export function isSchemaRefusal({ kind, message }: ModelError): boolean {
  return kind === 'invalid-request' && NAMES_SCHEMA.test(message) && !NAMES_TOOL.test(message);
}
