/** The whole look of `report.html`. Its hash is in the page's content security policy, so nothing else can add style. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #dfe3e8; --text: #1c2127; --quiet: #667080; --accent: #3452c7;
  --good: #1a7f4b; --bad: #c2332d; --warn: #a15c00; --idle: #8a93a0;
  --add-text: #14532d; --add-page: #e3f6e8; --del-text: #7f1d1d; --del-page: #fdeaea; --hunk: #5b4fc4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1c2127; --line: #313841; --text: #e3e7ec; --quiet: #98a2b0; --accent: #8ea6ff;
    --good: #52c98a; --bad: #ff7b72; --warn: #e3a341; --idle: #7b8592;
    --add-text: #a7e8bd; --add-page: #17311f; --del-text: #ffc1bb; --del-page: #3a1d1d; --hunk: #b0a7ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 40px 0 12px; }
h2 small { color: var(--quiet); font-weight: 400; margin-left: 8px; }
p { margin: 6px 0; }
a { color: var(--accent); }
.quiet { color: var(--quiet); }
.mono, pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 12.5px; }
.note { border-left: 3px solid var(--accent); background: var(--card); padding: 10px 14px; margin: 20px 0 0; border-radius: 0 6px 6px 0; }
.note.bad { border-color: var(--bad); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin: 24px 0 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; }
.card b { display: block; font-size: 24px; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; }
.card > span, .card b > span { color: var(--quiet); font-size: 13px; font-weight: 400; }
.bar { width: 100%; height: 8px; display: block; border-radius: 4px; background: var(--line); }
.bar .done { fill: var(--good); } .bar .failed { fill: var(--bad); }
.bar .cancelled { fill: var(--warn); } .bar .not-started { fill: var(--idle); }
.list { background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.row { display: grid; grid-template-columns: 92px minmax(0, 1fr) 110px 64px 84px 72px; gap: 12px; align-items: baseline; padding: 8px 16px; }
.row > * { min-width: 0; }
.head { color: var(--quiet); font-size: 12px; border-bottom: 1px solid var(--line); }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 13.5px; }
.head .num { font-size: inherit; }
details + details { border-top: 1px solid var(--line); }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:hover { background: color-mix(in srgb, var(--accent) 7%, transparent); }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
.id { overflow-wrap: anywhere; }
.id::before { content: '\\25b8'; color: var(--quiet); display: inline-block; width: 1.3em; }
details[open] > summary .id::before { content: '\\25be'; }
.badge { font-size: 12px; font-weight: 600; white-space: nowrap; }
.badge.done { color: var(--good); } .badge.failed { color: var(--bad); }
.badge.cancelled { color: var(--warn); } .badge.not-started { color: var(--idle); }
.plus { color: var(--good); } .minus { color: var(--bad); }
.body { padding: 4px 16px 16px; border-top: 1px dashed var(--line); }
.reply { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 80ch; margin: 10px 0; }
.error { color: var(--bad); overflow-wrap: anywhere; }
pre { margin: 10px 0 0; padding: 8px 0; border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; line-height: 1.45; tab-size: 4; }
pre span { display: block; padding: 0 12px; min-width: max-content; white-space: pre; }
pre .a { background: var(--add-page); color: var(--add-text); }
pre .d { background: var(--del-page); color: var(--del-text); }
pre .h { color: var(--hunk); } pre .m { color: var(--quiet); }
.conflict { padding: 8px 16px; }
.more { padding: 0 16px 10px; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: 10px; }
.side { min-width: 0; }
.side b { font-weight: 600; overflow-wrap: anywhere; }
.side pre { margin-top: 4px; }
ul { margin: 0; padding: 12px 16px 12px 34px; }
li { overflow-wrap: anywhere; }
footer { margin-top: 40px; color: var(--quiet); font-size: 13px; }
@media (max-width: 720px) {
  .row { grid-template-columns: 84px minmax(0, 1fr) 90px; }
  .row > :nth-child(n + 4) { display: none; }
}
@media print { body { background: none; } main { max-width: none; } }
`;
