import type { ResolvedProvider } from './model.ts';

const CREDENTIAL_NAME = /auth|key|token|secret|passw|cookie|credential|session|signature/i;
const CREDENTIAL_VALUE = /^(?:bearer|basic|token)\s|^sk-/i;

/**
 * What must not be seen of a provider: its key, what headers that look like credentials hold (with and without the
 * scheme; of Basic and of a login in the URL the password too).
 */
export function providerSecrets({ apiKey, headers, baseURL }: ResolvedProvider): string[] {
  const secrets = [apiKey];
  for (const [name, value] of Object.entries(headers)) {
    if (!CREDENTIAL_NAME.test(name) && !CREDENTIAL_VALUE.test(value)) continue;
    const [, scheme, token = ''] = /^(\w+)\s+(\S+)$/.exec(value.trim()) ?? [];
    secrets.push(value, token);
    if (scheme?.toLowerCase() === 'basic') secrets.push(...login(Buffer.from(token, 'base64').toString()));
    if (/cookie/i.test(name)) {
      secrets.push(...value.split(';').map((cookie) => cookie.slice(cookie.indexOf('=') + 1)));
    }
  }
  if (URL.canParse(baseURL)) {
    const { password } = new URL(baseURL);
    secrets.push(password, decoded(password));
  }
  return secrets.filter((secret) => secret !== '');
}

function login(pair: string): string[] {
  return [pair, pair.slice(pair.indexOf(':') + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
