/** What a benchmark's report has besides the look of all pages. Colours are Okabe and Ito's, darker or lighter for contrast. */
export const BENCH_STYLE = `
:root {
  --s0: #0060a8; --s1: #c04a00; --s2: #007a5a; --s3: #b0508a; --s4: #8a6d00; --s5: #2a8fc4; --s6: #5b4a9e; --s7: #4a4f57;
}
@media (prefers-color-scheme: dark) {
  :root {
    --s0: #5aa9e6; --s1: #ff8a4c; --s2: #2fc99a; --s3: #e89ac7; --s4: #e6c34a; --s5: #8fd3f7; --s6: #b3a4f5; --s7: #c2c8d0;
  }
}
main { max-width: 1240px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { padding: 5px 14px; text-align: left; vertical-align: top; }
th { font-weight: 500; }
thead th { color: var(--quiet); font-size: 12.5px; border-bottom: 1px solid var(--line); vertical-align: bottom; }
th.num, td.num { text-align: right; font-size: inherit; }
thead th.num { white-space: normal; overflow-wrap: anywhere; min-width: 84px; }
tbody th { font-weight: 400; overflow-wrap: break-word; min-width: 130px; max-width: 320px; }
tbody tr + tr > * { border-top: 1px solid color-mix(in srgb, var(--line) 55%, transparent); }
.targets thead th.num { color: var(--text); font-weight: 600; }
.targets thead .quiet { font-weight: 400; }
.targets th, .targets td { padding: 4px 9px; }
.targets td.num { white-space: normal; }
.targets .group th { padding-top: 14px; color: var(--quiet); font-size: 12px; font-weight: 600; }
.targets tbody tr:not(.group) th { padding-left: 26px; }
.prompts td { overflow-wrap: anywhere; }
.prompts td:last-child { min-width: 200px; white-space: pre-wrap; }
.wrong { color: var(--bad); font-weight: 600; }
.cards { grid-template-columns: repeat(auto-fit, minmax(124px, 1fr)); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(480px, 100%), 1fr)); gap: 16px; }
.chart { margin: 0; min-width: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px 10px; }
.chart figcaption { font-size: 14px; margin-bottom: 6px; }
.chart figcaption b { font-weight: 600; }
.chart figcaption span { color: var(--quiet); font-size: 12.5px; }
.chart > svg { width: 100%; height: auto; display: block; }
.grid { stroke: var(--line); stroke-width: 1; }
.tick { fill: var(--quiet); font-size: 11px; font-variant-numeric: tabular-nums; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: butt; }
.dots { fill: none; stroke-width: 3.4; stroke-linecap: round; opacity: 0.5; }
.crosses { fill: none; stroke-width: 1.6; }
.mark { stroke: var(--card); stroke-width: 1.5; }
.strip { fill: transparent; }
.strip:hover { fill: var(--quiet); fill-opacity: 0.14; }
.s0 { --c: var(--s0); } .s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); }
.s4 { --c: var(--s4); } .s5 { --c: var(--s5); } .s6 { --c: var(--s6); } .s7 { --c: var(--s7); }
.line, .dots, .crosses { stroke: var(--c); }
.mark { fill: var(--c); }
.line.s1 { stroke-dasharray: 7 3; } .line.s2 { stroke-dasharray: 2 2.5; } .line.s3 { stroke-dasharray: 9 3 2 3; }
.line.s4 { stroke-dasharray: 14 4; } .line.s5 { stroke-dasharray: 4 4; } .line.s6 { stroke-dasharray: 9 2 2 2 2 2; }
.line.s7 { stroke-dasharray: 1.5 5; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 0 0; padding: 0; font-size: 12.5px; }
.legend li { display: flex; align-items: center; gap: 6px; min-width: 0; }
.legend svg { flex: none; }
.figures { margin-top: 6px; border: 0; }
.figures summary { color: var(--quiet); font-size: 12.5px; }
.figures summary::before { content: '\\25b8'; display: inline-block; width: 1.2em; }
.figures[open] > summary::before { content: '\\25be'; }
.figures .scroll { margin-top: 6px; }
.plan { padding: 12px 14px; background: var(--card); white-space: pre-wrap; overflow-wrap: anywhere; }
@media print { .chart, .card, .scroll { break-inside: avoid; } .scroll { overflow: visible; } .strip { display: none; } }
`;
