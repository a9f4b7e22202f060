import { formatUsd } from '../money.ts';
import type { FigureUnit } from './compare/figures.ts';

/** Three digits: `0.123 ms`, `12.3 ms`, `1.23 s`, `123 s`. */
export function formatMs(ms: number): string {
  return Math.abs(ms) < 999.5 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1000)} s`;
}

/** `0.123`, `1.23`, `12.3`, `12,345`; `0` for what is next to nothing. */
export function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size < 0.0005) return '0';
  const digits = size < 0.9995 ? 3 : Math.max(0, 2 - Math.floor(Math.log10(size * 1.0005)));
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `12.3 %` of a share. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** With its sign, `+` too: `+1.2 %`, `−0.3 %`. */
export function formatChange(change: number, unit: '%' | 'points' = '%'): string {
  const percent = (change * 100).toFixed(1);
  const isZero = Number(percent) === 0;
  return `${isZero ? '±' : change > 0 ? '+' : '−'}${percent.replace('-', '')} ${unit}`;
}

export function formatFigure(value: number, unit: FigureUnit): string {
  switch (unit) {
    case 'ms':
      return formatMs(value);
    case 'tokens/s':
      return threeDigits(value);
    case 'share':
      return formatShare(value);
    case 'usd':
      return formatUsd(value);
  }
}
