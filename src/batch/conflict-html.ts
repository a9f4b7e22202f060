import { countOf, formatCount } from './format.ts';
import { join, markup, type Html } from '../html/markup.ts';
import type { ReportConflict, ReportPlace } from './report-conflict.ts';

/** Conflicts that the page shows; the rest is in report.json. */
const MAX_CONFLICTS = 200;
/** Versions of a place beside each other; where more contradict, the others are in report.json. */
const MAX_SIDES = 6;

/** The conflicts of a batch, each with what every item wanted; nothing where there are none. */
export function conflictList(conflicts: readonly ReportConflict[]): Html | false {
  if (conflicts.length === 0) return false;
  const shown = conflicts.slice(0, MAX_CONFLICTS);
  const hidden = conflicts.length - shown.length;
  return markup`<h2>Conflicts <small>not in the merged patch; each item's own patch has its version</small></h2>
<div class="list">
${join(shown.map((conflict, i) => conflictDetails(conflict, i === 0)))}${hidden > 0 && markup`<p class="more quiet">… ${formatCount(hidden)} more in report.json</p>\n`}</div>`;
}

function conflictDetails(conflict: ReportConflict, isOpen: boolean): Html {
  const { path, kind, itemIds, sides, hunks } = conflict;
  const summary = markup`<summary class="conflict">
<span class="id mono">${path}</span> <span class="quiet">${CONFLICT_TEXT[kind]} ${itemIds.join(', ')}</span>
</summary>`;
  const body =
    hunks.length > 0
      ? join(hunks.map(placeBlock))
      : markup`<ul>
${join(sides.map(({ itemIds: ids, bytes }) => markup`<li>${ids.join(', ')}: ${bytes === null ? 'no file there' : countOf(bytes, 'byte')}</li>\n`))}</ul>`;
  return markup`<details${isOpen && markup.trusted(' open')}>
${summary}
<div class="body">
${body}
</div>
</details>
`;
}

function placeBlock({ baseLine, base, sides }: ReportPlace): Html {
  const shown = sides.slice(0, MAX_SIDES);
  const hidden = sides.length - shown.length;
  return markup`<p class="quiet">line ${formatCount(baseLine)}</p>
<div class="sides">
${base.length > 0 && version('before', base, 'd')}${join(shown.map(({ itemIds, lines }) => version(itemIds.join(', '), lines, 'a')))}</div>
${hidden > 0 && markup`<p class="quiet">… ${countOf(hidden, 'more version')} in report.json</p>`}
`;
}

function version(who: string, lines: readonly string[], kind: 'a' | 'd'): Html {
  const text =
    lines.length === 0
      ? markup`<span class="m">(nothing)</span>`
      : join(lines.map((line) => markup`<span class="${kind}">${line === '' ? ' ' : line}</span>`));
  return markup`<div class="side"><b class="mono">${who}</b><pre>${text}</pre></div>
`;
}

const CONFLICT_TEXT: Readonly<Record<ReportConflict['kind'], string>> = {
  content: 'was changed differently by',
  binary: 'is no text, and was changed differently by',
  'deleted-and-changed': 'was deleted by one and changed by another of',
  'file-and-directory': 'would be a file and a directory, by',
  'too-different': 'was rewritten in too many places by',
  unseen: 'is on disk already but was not shown to the sessions; it was written by',
};
