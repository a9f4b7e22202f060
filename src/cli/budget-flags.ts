import { readFile } from 'node:fs/promises';
import { endingBudget } from '../batch/job-budget.ts';
import { parsePrices } from '../batch/price-file.ts';
import { UsageError } from '../errors.ts';
import type { PriceTable } from '../gate/prices.ts';
import type { BudgetOptions } from '../protocol/budget.ts';

/** What a command may spend, and what models cost, as they were given. */
export interface BudgetFlags {
  readonly budgetUsd?: number;
  readonly budgetTokens?: number;
  readonly budgetTurns?: number;
  readonly budgetMinutes?: number;
  /** The file with the prices. */
  readonly prices?: string;
}

/** Undefined where nothing is limited. What goes over it ends: nobody sits there to raise it. */
export function givenBudget(flags: BudgetFlags): BudgetOptions | undefined {
  const { budgetUsd: usd, budgetTokens: tokens, budgetTurns: turns, budgetMinutes: minutes } = flags;
  return endingBudget({ usd, tokens, turns, minutes });
}

/** @throws {UsageError} `input_unreadable` @throws {ConfigFileError} `invalid_yaml`, `invalid_prices` */
export async function givenPrices({ prices: file }: BudgetFlags): Promise<PriceTable> {
  if (file === undefined) return {};
  let yaml: string;
  try {
    yaml = await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError('input_unreadable', `Prices file ${file} cannot be read (${code}).`, { cause });
  }
  return parsePrices(yaml, file);
}
