import { conflictList } from './conflict-html.ts';
import type { FileDiff } from './file-diff.ts';
import { formatUsd } from '../money.ts';
import { countOf, formatCount, formatDuration, usageFacts } from './format.ts';
import { simulatedDoubt, simulatedFacts, simulatedNotice } from './simulated.ts';
import { join, markup, type Html } from '../html/markup.ts';
import { htmlPage } from '../html/page.ts';
import type { ItemReport, Report, ReportItem, ReportTotals } from './report.ts';
import { REPORT_STYLE } from './report-style.ts';

/** Lines of one item's diffs that the page shows; the rest is in its patch. */
const MAX_DIFF_LINES = 600;
/** Of the whole page: browsers get slow far above it. */
const MAX_PAGE_DIFF_LINES = 60_000;
const MAX_SKIPPED = 100;
/** Of one item's value; the rest is in `report.json`. */
const MAX_OUTPUT_LINES = 200;
const MAX_OUTPUT_CHARS = 20_000;

/**
 * The report as one page: no scripts, nothing loaded from anywhere, everything that came from models, files and tools
 * escaped. Its links lead to the files beside it.
 */
export function reportHtml(report: Report, items: readonly ItemReport[]): string {
  const budget = { lines: MAX_PAGE_DIFF_LINES };
  const { merged } = report;
  const started = report.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  const body = markup`<h1>${report.name}</h1>
<p class="quiet">${report.model} · ${started} · ${report.concurrency} sessions at a time</p>
${notes(report)}
${cards(report)}
${bar(report.totals)}
${conflictList(report.conflicts)}
<h2>Items <small>${formatCount(report.totals.items)}</small></h2>
<div class="list">
<div class="row head">
<span>Status</span> <span>Item</span> <span class="num">Lines</span>
<span class="num">Turns</span> <span class="num">Tokens</span> <span class="num">Time</span>
</div>
${join(items.map((item) => itemDetails(item, budget)))}
</div>
${skippedFiles(report)}
<footer>
${!report.simulated && markup`<p>To take the changes over: <code>${merged.applyCommand}</code></p>`}
<p><a href="${merged.patch}">${merged.patch}</a> · <a href="report.json">report.json</a> · written by skein</p>
</footer>`;
  return htmlPage({ title: `${report.name} · skein batch report`, style: REPORT_STYLE, body });
}

function notes({ model, simulated, totals, interrupted, stoppedBy }: Report): Html {
  const all: Html[] = [];
  if (simulated) {
    const doubt = simulatedDoubt(simulated);
    all.push(markup`<p class="note bad">${simulatedNotice(simulated, totals.usage.cost.usd)}</p>`);
    if (doubt !== undefined) all.push(markup`<p class="note bad">${doubt}</p>`);
    all.push(
      markup`<p class="note">At the simulated provider: ${simulatedFacts(simulated).join(' · ')}.</p>`,
    );
  } else if (model.startsWith('scripted:')) {
    all.push(markup`<p class="note">A scripted model answered: no language model was used.</p>`);
  }
  if (interrupted) {
    all.push(markup`<p class="note bad">The batch was interrupted. What was done until then is here.</p>`);
  }
  if (stoppedBy) {
    const why = WHY_STOPPED[stoppedBy.code] ?? 'The batch was stopped, because nothing more can be kept:';
    all.push(markup`<p class="note bad">${why} ${stoppedBy.message}</p>`);
  }
  return join(all);
}

const WHY_STOPPED: Readonly<Record<string, string>> = {
  model_error: 'The batch was stopped, because its first items all failed with:',
  budget_reached: 'The batch was stopped by its budget; what was done until then is here.',
  price_unknown: 'The batch was stopped by its budget; what was done until then is here.',
};

function cards(report: Report): Html {
  const { totals, durationMs } = report;
  const { usage } = totals;
  const parts = [
    usage.estimated ? 'tokens (estimated)' : 'tokens',
    usage.cachedTokens > 0 ? `${formatCount(usage.cachedTokens)} of them cached` : '',
    usage.reasoningTokens > 0 ? `${formatCount(usage.reasoningTokens)} reasoning` : '',
    countOf(totals.turns, 'turn'),
  ];
  const tokens = parts.filter((part) => part !== '').join(', ');
  return markup`<section class="cards">
${card(markup`${formatCount(totals.done)} <span>of ${formatCount(totals.items)}</span>`, 'items done')}
${card(formatCount(totals.failed + totals.cancelled + totals.notStarted), 'not done')}
${card(formatCount(totals.files), markup`${totals.files === 1 ? 'file' : 'files'} changed ${plusMinus(totals.added, totals.removed)}`)}
${card(formatCount(totals.conflicts), totals.conflicts === 1 ? 'conflict' : 'conflicts')}
${card(formatCount(usage.totalTokens), tokens)}
${usage.cost.basis !== 'none' && costCard(totals, report.simulated !== undefined)}
${card(formatDuration(durationMs), report.simulated ? `simulated; it took ${formatDuration(report.simulated.realMs)}` : 'elapsed')}
</section>`;
}

function costCard({ usage: { cost }, savedByCacheUsd }: ReportTotals, isEstimate: boolean): Html {
  const { usd, unpriced } = cost;
  const least = usd !== null && unpriced > 0;
  const facts = [
    isEstimate ? 'cost, estimated' : '',
    least ? `cost at least: ${countOf(unpriced, 'response')} without a price` : '',
    least || isEstimate ? '' : 'cost',
    savedByCacheUsd !== null && savedByCacheUsd > 0 ? `the cache saved ${formatUsd(savedByCacheUsd)}` : '',
  ].filter((fact) => fact !== '');
  return card(usd === null ? 'unknown' : formatUsd(usd), facts.join('; '));
}

function card(value: string | Html, label: string | Html): Html {
  return markup`<div class="card"><b>${value}</b> <span>${label}</span></div>`;
}

/** How the items ended, as one bar. SVG, since its sizes are attributes: the policy allows no style on elements. */
function bar({ items, done, failed, cancelled, notStarted }: ReportTotals): Html {
  let x = 0;
  const parts = Object.entries({ done, failed, cancelled, 'not-started': notStarted }).map(
    ([status, count]) => {
      const part = markup`<rect class="${status}" x="${x}" y="0" width="${count}" height="1"></rect>`;
      x += count;
      return part;
    },
  );
  const label = `${done} of ${items} items done`;
  return markup`<svg class="bar" viewBox="0 0 ${items} 1" preserveAspectRatio="none" role="img" aria-label="${label}">
${join(parts)}
</svg>`;
}

function itemDetails({ entry, diffs }: ItemReport, budget: { lines: number }): Html {
  const why = entry.status === 'failed' && entry.stopReason ? ` ${entry.stopReason}` : '';
  return markup`<details>
<summary class="row">
<span class="badge ${entry.status}">${entry.status.replace('-', ' ')}</span>
<span class="id mono">${entry.id}<span class="quiet">${why}</span></span>
<span class="num">${linesOf(diffs)}</span>
<span class="num">${formatCount(entry.turns)}</span>
<span class="num">${formatCount(entry.usage.totalTokens)}</span>
<span class="num">${formatDuration(entry.durationMs)}</span>
</summary>
<div class="body">
${entry.error && markup`<p class="error">${entry.error.message} <span class="quiet">(${entry.error.code})</span></p>`}
${entry.turns > 0 && markup`<p class="quiet">${usageFacts(entry.usage, null).join(' · ')}</p>`}
${answer(entry)}
${entry.patch !== null && markup`<p><a href="${entry.patch}">${entry.patch}</a></p>`}
${diffBlock(diffs, budget)}
</div>
</details>
`;
}

/** The value that was asked for, or else what the model said. */
function answer({ output, reply }: ReportItem): Html | false {
  if (output === undefined) return reply !== '' && markup`<div class="reply">${reply}</div>`;
  const json = JSON.stringify(output, null, 2);
  const lines = json.split('\n');
  const shown = lines.slice(0, MAX_OUTPUT_LINES).join('\n').slice(0, MAX_OUTPUT_CHARS);
  const rest = shown.length < json.length && markup`<span class="m">… more in report.json</span>`;
  return markup`<pre class="reply">${shown}${rest}</pre>`;
}

function linesOf(diffs: readonly FileDiff[]): Html {
  if (diffs.length === 0) return markup`<span class="quiet">unchanged</span>`;
  const sum = (of: 'added' | 'removed'): number => diffs.reduce((total, diff) => total + diff[of], 0);
  return plusMinus(sum('added'), sum('removed'));
}

function plusMinus(added: number, removed: number): Html {
  return markup`<span class="plus">+${formatCount(added)}</span> <span class="minus">−${formatCount(removed)}</span>`;
}

function diffBlock(diffs: readonly FileDiff[], budget: { lines: number }): Html | false {
  if (diffs.length === 0) return false;
  const lines = diffs.flatMap((diff) => diff.patch.replace(/\n$/, '').split('\n'));
  const shown = lines.slice(0, Math.min(MAX_DIFF_LINES, budget.lines));
  budget.lines -= shown.length;
  const hidden = lines.length - shown.length;
  const rest = hidden > 0 && markup`<span class="m">… ${formatCount(hidden)} more lines in the patch</span>`;
  // Before a file's first hunk, `---` and `+++` name the file; inside one they are lines like any other.
  let isInHunk = false;
  const html = shown.map((line) => {
    if (line.startsWith('diff ')) isInHunk = false;
    if (line.startsWith('@@')) isInHunk = true;
    return markup`<span class="${lineClass(line, isInHunk)}">${line === '' ? ' ' : line}</span>`;
  });
  return markup`<pre>${join(html)}${rest}</pre>`;
}

function lineClass(line: string, isInHunk: boolean): string {
  if (line.startsWith('@@')) return 'h';
  if (!isInHunk || line.startsWith('diff ') || line.startsWith('\\ ')) return 'm';
  if (line.startsWith('+')) return 'a';
  return line.startsWith('-') ? 'd' : 'c';
}

function skippedFiles({ skipped }: Report): Html | false {
  if (skipped.length === 0) return false;
  const rows = skipped
    .slice(0, MAX_SKIPPED)
    .map(
      ({ path, reason }) =>
        markup`<li><span class="mono">${path}</span> <span class="quiet">${reason}</span></li>\n`,
    );
  const more = skipped.length - rows.length;
  return markup`<h2>Not seen by the sessions <small>${formatCount(skipped.length)}</small></h2>
<div class="list"><ul>
${join(rows)}${more > 0 && markup`<li>… ${formatCount(more)} more in report.json</li>`}
</ul></div>`;
}
