import type { ModelEvent } from '../../../src/model/model.ts';
import { collect } from '../../model/collect.ts';
import { startStream, withRawServer } from '../../model/raw-server.ts';
import type { Prng } from '../shared/prng.ts';
import type { Findings } from './findings.ts';
import { inPieces } from './mutate-streams.ts';
import { readStream } from './read-stream.ts';
import type { NamedStream } from './recorded-streams.ts';

const IDLE_MS = 300;
/** Of every so many streams one stops in the middle and stays open. */
const STALL_EVERY = 13;

type Ending = 'ended' | 'broken' | 'stalled';

/** The same over real connections: cut streams that end, break off, or stop and stay open with a comment now and then. */
export async function serveStreams(
  prng: Prng,
  streams: readonly NamedStream[],
  count: number,
  findings: Findings,
): Promise<number> {
  let bytes: Buffer = Buffer.alloc(0);
  let ending: Ending = 'ended';
  await withRawServer(
    (response) => {
      startStream(response);
      response.on('error', () => undefined);
      for (const piece of inPieces(prng, bytes)) response.write(piece);
      if (ending === 'ended') response.end();
      // The bytes must have left, or the client sees no answer at all.
      else if (ending === 'broken') setTimeout(() => response.destroy(), 1);
      else {
        const pings = setInterval(() => response.write(': ping\n\n'), 50);
        response.on('close', () => clearInterval(pings));
      }
    },
    async ({ model }) => {
      for (let i = 0; i < count && !findings.isFull; i++) {
        const stream = prng.pick(streams);
        const isStalled = i % STALL_EVERY === STALL_EVERY - 1;
        const length = stream.bytes.length;
        // One that stops does so after a whole event, or the comments that follow would be part of one.
        const stop = stream.bytes.lastIndexOf('\n\n', prng.below(length >> 1));
        const end = prng.chance(0.1) ? length : prng.below(length);
        const cut = isStalled ? (stop === -1 ? 0 : stop + 2) : end;
        bytes = stream.bytes.subarray(0, cut);
        ending = isStalled ? 'stalled' : prng.pick(['ended', 'broken']);
        const place = `${stream.name}, ${ending} at byte ${cut} of ${stream.bytes.length}`;
        const whole = readStream([bytes], false);
        const startedAt = performance.now();
        const request = { model: 'm', messages: '', tools: null, options: {} };
        const events = await collect(model, request);
        if (performance.now() - startedAt > IDLE_MS + 5_000)
          findings.add('hang', place, 'it took too long to end');
        checkEnd(events, { isWhole: whole.type === 'response', ending }, place, findings);
      }
    },
    { deadlines: { idleMs: IDLE_MS } },
  );
  return count;
}

function checkEnd(
  events: readonly ModelEvent[],
  { isWhole, ending }: { readonly isWhole: boolean; readonly ending: Ending },
  place: string,
  findings: Findings,
): void {
  const ends = events.filter(({ type }) => type === 'end' || type === 'failed');
  const last = events.at(-1);
  if (ends.length !== 1 || ends[0] !== last) {
    findings.add('differs', place, `${ends.length} ends of ${events.length} events`);
  } else if (last?.type === 'end' && !isWhole) {
    findings.add('taken for complete', place, JSON.stringify(last.response));
    // A connection that breaks may take bytes with it that were sent.
  } else if (last?.type === 'failed' && isWhole && ending === 'ended') {
    findings.add('differs', place, `a whole response failed: ${last.error.message}`);
  }
}
