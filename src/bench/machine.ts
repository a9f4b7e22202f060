import { cpus, loadavg, totalmem } from 'node:os';
import type { BenchMachine } from './result.ts';

/** What the benchmark runs on. Names of hosts and users are nobody's business. */
export function thisMachine(): BenchMachine {
  const all = cpus();
  return {
    platform: `${process.platform} ${process.arch}`,
    cpu: all[0]?.model.trim() ?? 'unknown',
    cpuCount: all.length,
    memoryBytes: totalmem(),
    loadBefore: loadavg()[0] ?? 0,
  };
}
