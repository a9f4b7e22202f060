import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const INTERRUPT = new URL('../../dist/src/cli/interrupt.js', import.meta.url).href;

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('the first %s ends the work, the second the program, with %i', async (signal, exitCode) => {
  // A program whose work does not end by itself.
  const code = `
    const { Interrupt } = await import(${JSON.stringify(INTERRUPT)});
    const interrupt = new Interrupt(() => console.log('first'));
    interrupt.signal.addEventListener('abort', () => console.log('aborted', interrupt.exitCode));
    setInterval(() => undefined, 1e6);
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (text.includes('ready') || text.includes('aborted')) child.kill(signal);
  });
  expect(await once(child, 'close')).toEqual([exitCode, null]);
  expect(said).toBe(`ready\nfirst\naborted ${exitCode}\n`);
});
