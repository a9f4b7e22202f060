/** Keeps the CPU busy, and whatever shares the thread waiting, for `ms`. */
export function burn(ms: number): string {
  const end = performance.now() + ms;
  let rounds = 0;
  while (performance.now() < end) rounds += 1;
  return `burnt ${rounds > 0 ? ms : 0} ms`;
}
