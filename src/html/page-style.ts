/** How all pages of skein look: plain, light or dark as the reader has it, fit to be printed. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #dfe3e8; --text: #1c2127; --quiet: #667080; --accent: #3452c7;
  --good: #1a7f4b; --bad: #c2332d; --warn: #a15c00; --idle: #8a93a0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1c2127; --line: #313841; --text: #e3e7ec; --quiet: #98a2b0; --accent: #8ea6ff;
    --good: #52c98a; --bad: #ff7b72; --warn: #e3a341; --idle: #7b8592;
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
.list { background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 13.5px; }
details + details { border-top: 1px solid var(--line); }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:hover { background: color-mix(in srgb, var(--accent) 7%, transparent); }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
pre { margin: 10px 0 0; padding: 8px 0; border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; line-height: 1.45; tab-size: 4; }
ul { margin: 0; padding: 12px 16px 12px 34px; }
li { overflow-wrap: anywhere; }
footer { margin-top: 40px; color: var(--quiet); font-size: 13px; }
@media print { body { background: none; } main { max-width: none; } }
`;
