import { createHash } from 'node:crypto';
import { markup, type Html } from './markup.ts';
import { PAGE_STYLE } from './page-style.ts';

/**
 * A page on its own: no scripts, nothing loaded from anywhere. Its policy allows this style by its hash and nothing else: an
 * element has no `style` either.
 * @param style  besides the look of all pages
 */
export function htmlPage({ title, style, body }: { title: string; style: string; body: Html }): string {
  const allStyle = PAGE_STYLE + style;
  const styleHash = createHash('sha256').update(allStyle).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${markup.trusted(allStyle)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.text;
}
