import { describe, expect, it } from 'vitest';
import { providerIdentity } from '../../src/telemetry/provider-name.ts';

describe('a provider in a trace', () => {
  it.each([
    ['https://api.openai.com/v1', 'openai', 443],
    ['https://my-company.openai.azure.com/openai', 'azure.ai.openai', 443],
    ['https://api.groq.com/openai/v1', 'groq', 443],
    ['https://api.x.ai/v1', 'x_ai', 443],
    ['https://bedrock-runtime.us-east-1.amazonaws.com', 'aws.bedrock', 443],
    ['https://generativelanguage.googleapis.com/v1beta/openai', 'gcp.gemini', 443],
    ['https://openrouter.ai/api/v1', 'mine', 443],
    ['http://localhost:11434/v1', 'mine', 11434],
    ['http://gateway/v1', 'mine', 80],
    // A host that only ends like one.
    ['https://notopenai.com/v1', 'mine', 443],
  ])('at %s is called %s', (baseURL, name, port) => {
    expect(providerIdentity('mine', baseURL)).toEqual({ name, address: new URL(baseURL).hostname, port });
  });
});
