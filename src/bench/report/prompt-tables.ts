import { formatCount } from '../../batch/format.ts';
import { join, markup, type Html } from '../../html/markup.ts';
import { formatMs } from '../format-figure.ts';
import type { PromptSample } from '../result.ts';

const MAX_SLOWEST = 20;
const MAX_FAILED = 200;
/** Of why one failed; the rest is in the result. */
const MAX_MESSAGE_CHARS = 600;

/** The prompts to look at first: the slowest, and those that failed or did not pass. */
export function promptTables(prompts: readonly PromptSample[]): Html {
  const slowest = [...prompts].sort((a, b) => latency(b) - latency(a)).slice(0, MAX_SLOWEST);
  const failed = prompts.filter(({ error, passed }) => error !== null || passed === false);
  const shown = failed.slice(0, MAX_FAILED);
  const hidden = failed.length - shown.length;
  return markup`${
    failed.length > 0 &&
    markup`<h2>Failed, or not passed <small>${formatCount(failed.length)} of ${formatCount(prompts.length)} prompts</small></h2>
${promptTable(shown)}${hidden > 0 && markup`<p class="quiet">… ${formatCount(hidden)} more in the result file</p>`}`
  }
${
  slowest.length > 0 &&
  markup`<h2>Slowest prompts</h2>
${promptTable(slowest)}`
}`;
}

function promptTable(prompts: readonly PromptSample[]): Html {
  return markup`<div class="scroll"><table class="prompts">
<thead><tr><th scope="col">conversation</th><th scope="col">target</th><th scope="col">scenario</th><th scope="col" class="num">due at</th><th scope="col" class="num">latency</th><th scope="col" class="num">first token</th><th scope="col" class="num">waits</th><th scope="col" class="num">turns</th><th scope="col">ended</th></tr></thead>
<tbody>
${join(prompts.map(promptRow))}</tbody>
</table></div>
`;
}

function promptRow(prompt: PromptSample): Html {
  const { index, prompt: number, target, scenario, dueAtMs, firstTokenMs, turns } = prompt;
  const waits = prompt.gateWaitMs + prompt.threadWaitMs;
  return markup`<tr><td>${index}${number > 0 && `, prompt ${number + 1}`}</td><td>${target}</td><td>${scenario}</td><td class="num">${formatMs(dueAtMs)}</td><td class="num">${formatMs(latency(prompt))}</td><td class="num">${firstTokenMs === null ? '–' : formatMs(firstTokenMs)}</td><td class="num">${formatMs(waits)}</td><td class="num">${turns}</td><td>${endOf(prompt)}</td></tr>
`;
}

function endOf({ error, passed, stopReason, checkMessage }: PromptSample): Html {
  const why = checkMessage === null ? '' : cut(checkMessage);
  if (error !== null) return markup`<span class="wrong">${error}</span> ${why}`;
  if (passed === false) return markup`<span class="wrong">not passed</span> ${why}`;
  return markup`${passed === true ? 'passed' : stopReason}`;
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE_CHARS ? `${text.slice(0, MAX_MESSAGE_CHARS)}…` : text;
}

function latency({ endedAtMs, dueAtMs }: PromptSample): number {
  return endedAtMs - dueAtMs;
}
