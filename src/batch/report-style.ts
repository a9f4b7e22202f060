/** What `report.html` has besides the look of all pages. */
export const REPORT_STYLE = `
:root {
  --add-text: #14532d; --add-page: #e3f6e8; --del-text: #7f1d1d; --del-page: #fdeaea; --hunk: #5b4fc4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --add-text: #a7e8bd; --add-page: #17311f; --del-text: #ffc1bb; --del-page: #3a1d1d; --hunk: #b0a7ff;
  }
}
.bar { width: 100%; height: 8px; display: block; border-radius: 4px; background: var(--line); }
.bar .done { fill: var(--good); } .bar .failed { fill: var(--bad); }
.bar .cancelled { fill: var(--warn); } .bar .not-started { fill: var(--idle); }
.row { display: grid; grid-template-columns: 92px minmax(0, 1fr) 110px 64px 84px 72px; gap: 12px; align-items: baseline; padding: 8px 16px; }
.row > * { min-width: 0; }
.head { color: var(--quiet); font-size: 12px; border-bottom: 1px solid var(--line); }
.head .num { font-size: inherit; }
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
@media (max-width: 720px) {
  .row { grid-template-columns: 84px minmax(0, 1fr) 90px; }
  .row > :nth-child(n + 4) { display: none; }
}
`;
