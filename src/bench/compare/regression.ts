import type { FigureComparison } from './compare.ts';

/**
 * Whether a figure is worse for certain, and by at least so much.
 * @param least  0.05 for 5 % of what it was; for shares, and where it was 0, that much of the figure itself
 */
export function isRegression({ verdict, change, difference }: FigureComparison, least: number): boolean {
  return verdict === 'worse' && Math.abs((change ?? difference!).estimate) >= least;
}
