import { readFileSync } from 'node:fs';

/** CPU time that the main thread of this process has used, in ms, by the kernel's count. NaN where there is no /proc. */
export function mainThreadCpuMs(): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e6;
  } catch {
    return Number.NaN;
  }
}
