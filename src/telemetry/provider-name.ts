/** Hosts → what the conventions call their provider (`gen_ai.provider.name`, its well-known values). */
const WELL_KNOWN: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)openai\.azure\.com$/, 'azure.ai.openai'],
  [/(^|\.)(services|inference)\.ai\.azure\.com$/, 'azure.ai.inference'],
  [/(^|\.)openai\.com$/, 'openai'],
  [/(^|\.)anthropic\.com$/, 'anthropic'],
  [/^bedrock[\w.-]*\.amazonaws\.com$/, 'aws.bedrock'],
  [/^generativelanguage\.googleapis\.com$/, 'gcp.gemini'],
  [/aiplatform\.googleapis\.com$/, 'gcp.vertex_ai'],
  [/(^|\.)groq\.com$/, 'groq'],
  [/(^|\.)mistral\.ai$/, 'mistral_ai'],
  [/(^|\.)deepseek\.com$/, 'deepseek'],
  [/(^|\.)x\.ai$/, 'x_ai'],
  [/(^|\.)perplexity\.ai$/, 'perplexity'],
  [/(^|\.)cohere\.(ai|com)$/, 'cohere'],
  [/\.ml\.cloud\.ibm\.com$/, 'ibm.watsonx.ai'],
  [/(^|\.)moonshot\.(ai|cn)$/, 'moonshot_ai'],
];

/** What traces say of a provider: the conventions' name where they have one for its host, else the name it has in this pool. */
export interface ProviderIdentity {
  readonly name: string;
  readonly address?: string;
  readonly port?: number;
}

/** @param baseURL  a valid http or https URL */
export function providerIdentity(configuredName: string, baseURL: string): ProviderIdentity {
  const { hostname, port, protocol } = new URL(baseURL);
  const known = WELL_KNOWN.find(([host]) => host.test(hostname));
  return {
    name: known?.[1] ?? configuredName,
    address: hostname,
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}
