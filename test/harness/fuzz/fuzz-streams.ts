import { atLeast, none, told, type Figure } from '../shared/figures.ts';
import { Prng } from '../shared/prng.ts';
import { cutEverywhere } from './cut-streams.ts';
import { drawStream } from './draw-stream.ts';
import { Findings } from './findings.ts';
import { tryStream } from './mutate-streams.ts';
import { PrototypeWatch } from './prototype-watch.ts';
import { recordedStreams } from './recorded-streams.ts';
import { serveStreams } from './serve-streams.ts';

export interface StreamFuzzOptions {
  readonly seed: number;
  /** Streams that are drawn, cut, spoilt and sent in pieces. */
  readonly streams: number;
  /** Of those that go over a real connection. */
  readonly served: number;
  /** Bytes of recordings to cut at; the smallest recordings come first. */
  readonly maxCuts: number;
}

/** Cuts what providers sent at every byte, and reads streams that no provider would send. */
export async function fuzzStreams(
  options: StreamFuzzOptions,
): Promise<{ figures: Figure[]; findings: Findings }> {
  const findings = new Findings();
  const prng = new Prng(options.seed).fork('streams');
  const watch = new PrototypeWatch();
  const recorded = recordedStreams();
  if (!recorded)
    console.log('streams: the recordings of providers are not beside this checkout; only drawn ones are cut');
  const drawn = Array.from({ length: 20 }, (_, i) => ({
    name: `drawn ${i}`,
    bytes: lineFeeds(drawStream(prng).bytes),
  }));
  const startedAt = performance.now();
  let cuts = 0;
  for (const stream of [...drawn, ...(recorded ?? []).toSorted((a, b) => a.bytes.length - b.bytes.length)]) {
    if (cuts + stream.bytes.length <= options.maxCuts) cuts += cutEverywhere(stream, findings);
  }
  let slowestMs = 0;
  for (let i = 0; i < options.streams && !findings.isFull; i++) {
    const before = performance.now();
    tryStream(new Prng(options.seed).fork(`stream ${i}`), `stream ${i}`, findings);
    slowestMs = Math.max(slowestMs, performance.now() - before);
    if (!watch.isClean) findings.add('prototype', `stream ${i}`, 'Object.prototype was changed');
  }
  const served = await serveStreams(prng, [...drawn, ...(recorded ?? [])], options.served, findings);
  const seconds = (performance.now() - startedAt) / 1_000;
  const figures = [
    told('streams cut at every byte', drawn.length + (recorded?.length ?? 0)),
    atLeast('streams: cuts', Math.min(1_000, options.maxCuts), cuts),
    told('streams: drawn and spoilt', options.streams),
    told('streams: over a connection', served),
    none('streams: cut and taken for complete', findings.count('taken for complete')),
    none('streams: tools run from a cut call', findings.count('tool run from a cut call')),
    none('streams: read otherwise in other pieces', findings.count('differs')),
    none('streams: thrown but no model error', findings.count('uncaught')),
    none('streams: without an end', findings.count('hang')),
    none('streams: prototype changes', findings.count('prototype')),
    told('streams: slowest', `${slowestMs.toFixed(1)} ms`),
    told('streams: seconds', seconds.toFixed(1)),
  ];
  return { figures, findings };
}

/** Events end in two line feeds: that is where the cutter looks for them. */
function lineFeeds(bytes: Buffer): Buffer {
  return Buffer.from(
    bytes
      .toString()
      .replace(/^\ufeff/, '')
      .replaceAll(/\r\n?/g, '\n')
      .replaceAll(/^\n+|\n{3,}/g, '\n\n'),
  );
}
