/** Ways in which text has steered terminals and browsers; `N` stands for a number, so that each is told apart. */
const TERMINAL = [
  '\u001b]8;;http://evil.example/N\u001b\\click\u001b]8;;\u001b\\',
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001b]0;owned N\u0007',
  '\u001bP$q"p\u001b\\',
  '\u001bPtmux;\u001b\u001b]52;c;eA==\u0007\u001b\\',
  '\u001b[2J\u001b[H\u001b[31mN',
  '\u001b[?1049h\u001b[?25l',
  '\u001b[6n\u001b[c\u001b[>q',
  '\u009b31mN\u009d0;t\u009c\u0090q\u009c',
  '\u001b^pm\u001b\\\u001b_apc\u001b\\\u001bXsos\u001b\\',
  'safe N\rEVIL',
  'abc\b\b\bdef\u0007\u007f\u0000',
  '\u202eN\u2066x\u2069\u200f\u061c',
  '\u2028N\u2029\u0085',
  '\u001b#8\u001bc\u001b(0',
  '\u001b[3\u001b[31mN',
  '\u001b]0;never ends N',
  '\u001b',
];
const BROWSER = [
  '<script>fired(N)</script>',
  '<img src=x onerror=fired(N)>',
  '<svg/onload=fired(N)>',
  '"><script>fired(N)</script>',
  "' onmouseover='fired(N)' x='",
  '" autofocus onfocus="fired(N)" x="',
  '</style><script>fired(N)</script>',
  '</title><script>fired(N)</script>',
  '</pre></span><iframe srcdoc="<script>parent.fired(N)</script>"></iframe>',
  '<a href="javascript:fired(N)">x</a>',
  'javascript:fired(N)',
  '<math><mtext><table><mglyph><style><!--</style><img title="--><img src=1 onerror=fired(N)>">',
  '<meta http-equiv=refresh content="0;url=javascript:fired(N)">',
  '<base href="javascript:fired(N)//">',
  '<object data="data:text/html,<script>fired(N)</script>"></object>',
  '<template><script>fired(N)</script></template>',
  '&lt;script&gt;fired(N)&lt;/script&gt;',
  '&#60;script&#62;fired(N)&#60;/script&#62;',
  '<!--><script>fired(N)</script>-->',
  ']]><script>fired(N)</script>',
  '${fired(N)}{{fired(N)}}',
  '\u0000<scr\u0000ipt>fired(N)</script>',
];

/** At least `count`, each kind alone and in the middle of others. */
export function payloads(kind: 'terminal' | 'browser', count: number): string[] {
  const base = kind === 'terminal' ? TERMINAL : BROWSER;
  return Array.from({ length: count }, (_, i) => {
    const one = base[i % base.length]!;
    const other = base[(i * 7 + Math.floor(i / base.length)) % base.length]!;
    const text =
      i < base.length ? one : i % 2 === 0 ? `a ${one}${other}` : `${other.slice(0, i % other.length)}${one}`;
    return text.replaceAll('N', String(i));
  });
}
