import type { Cost } from './model/model.ts';

/** Finer than any price of one token; sums of it stay exact up to thousands of dollars. */
const UNITS_PER_DOLLAR = 1e12;

/** Without what adding binary fractions leaves behind: 0.1 + 0.2 is 0.3. */
export function roundUsd(usd: number): number {
  const units = usd * UNITS_PER_DOLLAR;
  return Math.abs(units) > Number.MAX_SAFE_INTEGER ? usd : Math.round(units) / UNITS_PER_DOLLAR;
}

/** `$12.30`, `$0.0123`, `$0.0000042`: cents from a dollar on, and below it enough digits to say something. */
export function formatUsd(usd: number): string {
  const amount = Math.abs(usd);
  const sign = usd < 0 ? '-' : '';
  if (amount === 0) return '$0.00';
  if (amount >= 0.995) {
    return `${sign}$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  }
  const digits = amount >= 0.001 ? 4 : Math.min(12, 1 - Math.floor(Math.log10(amount)));
  const [whole = '0', fraction = ''] = amount.toFixed(digits).split('.');
  return `${sign}$${whole}.${fraction.replace(/0+$/, '').padEnd(2, '0')}`;
}

/** `$0.0123`, `at least $0.01 (3 responses without a price)`, `cost unknown`; '' where there was no response. */
export function describeCost({ usd, basis, unpriced }: Cost): string {
  if (basis === 'none') return '';
  if (usd === null) return 'cost unknown';
  if (unpriced === 0) return formatUsd(usd);
  const responses = `${unpriced.toLocaleString('en-US')} response${unpriced === 1 ? '' : 's'}`;
  return `at least ${formatUsd(usd)} (${responses} without a price)`;
}
