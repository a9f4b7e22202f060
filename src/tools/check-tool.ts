import { ToolDefinitionError } from '../errors.ts';
import type { Tool } from './tool.ts';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const EFFECTS: readonly unknown[] = ['workspace', 'outside'];

/**
 * Makes sure that a value is a usable {@link Tool}.
 * @param where  where it came from, for the error: `item 2 of tools`, or that and a module's URL
 * @throws {ToolDefinitionError} `invalid_tool`
 */
export function checkTool(value: unknown, where: string): asserts value is Tool {
  const refuse = (problem: string): never => {
    throw new ToolDefinitionError('invalid_tool', `Tool ${labelOf(value)}(${where}): ${problem}.`);
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(`must be an object { name, description, parameters, execute }, got ${kindOf(value)}`);
  }
  const tool = value as Record<string, unknown>;
  if (typeof tool['name'] !== 'string') return refuse(`name must be a string, got ${kindOf(tool['name'])}`);
  if (!NAME.test(tool['name'])) return refuse('name must be 1 to 64 letters, digits, "_" or "-"');
  if (typeof tool['description'] !== 'string') {
    return refuse(`description must be a string, got ${kindOf(tool['description'])}`);
  }
  checkParameters(tool['parameters'], refuse);
  if (typeof tool['execute'] !== 'function') {
    return refuse(`execute must be a function, got ${kindOf(tool['execute'])}`);
  }
  for (const flag of ['readOnly', 'idempotent']) {
    if (tool[flag] !== undefined && typeof tool[flag] !== 'boolean') {
      return refuse(`${flag} must be true or false, got ${kindOf(tool[flag])}`);
    }
  }
  if (tool['effects'] !== undefined && !EFFECTS.includes(tool['effects'])) {
    return refuse('effects must be "workspace" or "outside"');
  }
  const timeoutMs = tool['timeoutMs'];
  if (
    timeoutMs !== undefined &&
    !(typeof timeoutMs === 'number' && Number.isFinite(timeoutMs) && timeoutMs > 0)
  ) {
    return refuse('timeoutMs must be a number of milliseconds above 0');
  }
}

function checkParameters(parameters: unknown, refuse: (problem: string) => never): void {
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    refuse(`parameters must be a JSON Schema object, got ${kindOf(parameters)}`);
  }
  const type = (parameters as Record<string, unknown>)['type'];
  if (type !== 'object') {
    refuse(
      `parameters must be the schema of an object (type: "object"), got type ${JSON.stringify(type) ?? 'undefined'}`,
    );
  }
  try {
    JSON.stringify(parameters);
  } catch {
    refuse('parameters must be plain JSON, without cycles or BigInt');
  }
}

function labelOf(value: unknown): string {
  const name: unknown =
    typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : undefined;
  return typeof name === 'string' ? `${JSON.stringify(name.slice(0, 80))} ` : '';
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}
