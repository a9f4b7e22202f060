import { countOf, formatCount, formatDuration } from '../../batch/format.ts';
import { join, markup, type Html } from '../../html/markup.ts';
import { htmlPage } from '../../html/page.ts';
import { formatMs, threeDigits } from '../format-figure.ts';
import type { BenchMark, BenchResult, Measures } from '../result.ts';
import { BENCH_STYLE } from './bench-style.ts';
import { distributionPlots } from './distribution-plots.ts';
import { latencyCloud } from './latency-cloud.ts';
import { errorCount, MEASURE_GROUPS, SCENARIO_COLUMNS, showCost } from './measure-rows.ts';
import { planText } from './plan-text.ts';
import { promptTables } from './prompt-tables.ts';
import { dataTable } from './table.ts';
import { formatBytes, timePlots } from './time-plots.ts';

/**
 * A benchmark's result as one page: no scripts, nothing loaded from anywhere, plots as SVG with their figures beside them,
 * everything that came from models, checks and plans escaped.
 */
export function reportHtml(result: BenchResult): string {
  const { plan, targets, prompts, durationMs, seed } = result;
  const started = result.startedAt.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC');
  const cloud = latencyCloud(result);
  const body = markup`<h1>${plan.name}</h1>
<p class="quiet">${countOf(targets.length, 'target')} · ${countOf(prompts.length, 'prompt')} · ${started} · ${formatDuration(durationMs)} · seed ${seed}</p>
${join(result.marks.map(markNote))}
${prompts.length === 0 && markup`<p class="note bad">No prompt was measured: there is nothing to plot.</p>`}
${cards(result)}
<h2>Targets</h2>
${targetTable(result)}
${errorTable(result)}
${plots('Latency', '', [...(cloud === null ? [] : [cloud]), ...distributionPlots(result)])}
${plots('Over time', '', timePlots(result))}
${scenarioTable(result)}
${promptTables(prompts)}
<h2>Machine and versions</h2>
${machineTable(result)}
<h2>Plan</h2>
<details class="figures"><summary>As it was run, with every default</summary>
<pre class="plan">${planText(plan)}</pre>
</details>
<footer><p>plan ${result.planHash} · written by skein ${result.skein}</p></footer>`;
  return htmlPage({ title: `${plan.name} · skein bench report`, style: BENCH_STYLE, body });
}

/** Whose it is, the message says. */
function markNote({ code, message }: BenchMark): Html {
  return markup`<p class="note bad"><b>${code}</b> · ${message}</p>
`;
}

function cards({ overall, durationMs, resources }: BenchResult): Html {
  const { prompts, promptLatencyMs: latency } = overall;
  const failed = errorCount(overall);
  return markup`<section class="cards">
${card(formatCount(prompts), 'prompts')}
${card(formatCount(failed), failed === 1 ? 'error' : 'errors')}
${overall.success !== null && card(markup`${formatCount(overall.success.passed)} <span>of ${formatCount(overall.success.checked)}</span>`, 'passed their check')}
${latency !== null && card(formatMs(latency.p50), 'latency p50')}
${latency !== null && card(formatMs(latency.p99), 'latency p99')}
${card(finite(overall.promptsPerSecond), 'prompts/s')}
${card(finite(overall.outputTokensPerSecond), 'output tokens/s')}
${card(showCost(overall), 'cost')}
${durationMs > 0 && card(`${formatCount(Math.round((resources.cpuMs / durationMs) * 100))} %`, 'of one core used by skein')}
</section>`;
}

function card(value: string | Html, label: string): Html {
  return markup`<div class="card"><b>${value}</b> <span>${label}</span></div>`;
}

function finite(value: number): string {
  return Number.isFinite(value) ? threeDigits(value) : '–';
}

/** Figures down, targets across: there are many figures and few targets. */
function targetTable({ targets, overall }: BenchResult): Html {
  const columns: readonly { readonly name: string; readonly note: string; readonly measures: Measures }[] = [
    ...targets.map(({ name, model, measures }) => ({ name, note: model, measures })),
    ...(targets.length > 1 ? [{ name: 'all together', note: '', measures: overall }] : []),
  ];
  const head = columns.map(
    ({ name, note }) =>
      markup`<th scope="col" class="num">${name}${note !== '' && note !== name && markup`<br><span class="quiet">${note}</span>`}</th>`,
  );
  const groups = MEASURE_GROUPS.map(
    ({ title, rows }) => markup`<tbody>
<tr class="group"><th scope="rowgroup" colspan="${columns.length + 1}">${title}</th></tr>
${join(
  rows.map(
    ({ label, show }) =>
      markup`<tr><th scope="row">${label}</th>${join(columns.map(({ measures }) => markup`<td class="num">${show(measures)}</td>`))}</tr>\n`,
  ),
)}</tbody>
`,
  );
  return markup`<div class="scroll"><table class="targets">
<thead><tr><th scope="col"></th>${join(head)}</tr></thead>
${join(groups)}</table></div>`;
}

function errorTable({ targets, overall }: BenchResult): Html | false {
  const classes = Object.keys(overall.errors);
  if (classes.length === 0) return false;
  const of = ({ errors }: Measures, name: string): string =>
    formatCount(Object.hasOwn(errors, name) ? errors[name]! : 0);
  return markup`<h2>Errors by class</h2>
${dataTable(
  ['', ...targets.map(({ name }) => name), ...(targets.length > 1 ? ['all together'] : [])],
  classes.map((name) => [
    name,
    ...targets.map(({ measures }) => of(measures, name)),
    ...(targets.length > 1 ? [of(overall, name)] : []),
  ]),
)}`;
}

function plots(title: string, note: string, charts: readonly Html[]): Html | false {
  if (charts.length === 0) return false;
  return markup`<h2>${title}${note !== '' && markup` <small>${note}</small>`}</h2>
<div class="charts">
${join(charts)}</div>`;
}

function scenarioTable({ targets }: BenchResult): Html | false {
  const rows = targets.flatMap(({ name, scenarios }) =>
    scenarios.map((scenario) => ({ name: `${scenario.name} · ${name}`, measures: scenario.measures })),
  );
  if (rows.length === 0) return false;
  return markup`<h2>Scenarios</h2>
${dataTable(
  ['', ...SCENARIO_COLUMNS.map(({ label }) => label)],
  rows.map(({ name, measures }) => [name, ...SCENARIO_COLUMNS.map(({ show }) => show(measures))]),
)}`;
}

function machineTable({ machine, skein, node, seed, resources }: BenchResult): Html {
  const { cpuMs, maxRssBytes, eventLoopDelayMs, maxThreads, maxSessions } = resources;
  const delay =
    eventLoopDelayMs === null
      ? '–'
      : `p50 ${formatMs(eventLoopDelayMs.p50)}, p99 ${formatMs(eventLoopDelayMs.p99)}, max ${formatMs(eventLoopDelayMs.max)}`;
  const rows = [
    ['skein', skein],
    ['Node', node],
    ['seed', String(seed)],
    ['platform', machine.platform],
    ['CPU', `${machine.cpuCount} × ${machine.cpu}`],
    ['memory', formatBytes(machine.memoryBytes)],
    ['load before the start', threeDigits(machine.loadBefore)],
    ['CPU time of skein', formatDuration(cpuMs)],
    ['most resident memory', formatBytes(maxRssBytes)],
    ['event-loop delay', delay],
    ['most threads, sessions', `${formatCount(maxThreads)}, ${formatCount(maxSessions)}`],
  ];
  return dataTable(['', ''], rows);
}
