import type { Redactor } from '../../redactor.ts';
import type { ModelDeadlines, ResolvedProvider } from '../model.ts';
import type { Transport } from '../transport.ts';
import { UndiciTransport } from '../undici-transport.ts';
import { ExchangeWriter } from './exchange-writer.ts';
import { RecordingTransport } from './recording-transport.ts';
import { ReplayingTransport } from './replaying-transport.ts';

/**
 * What stands between a provider's client and the provider.
 * @param options.redactor  knows this provider's credentials too by the time of the first request
 * @param options.onLost  an exchange could not be recorded
 */
export function openTransport(
  { name, tape, traceHeaders }: ResolvedProvider,
  options: {
    readonly deadlines: ModelDeadlines;
    readonly redactor: Redactor;
    readonly onLost: (reason: string) => void;
  },
): Transport {
  if (tape?.mode === 'replay') return new ReplayingTransport(tape);
  const network = new UndiciTransport({ connectMs: options.deadlines.connectMs, traceHeaders });
  if (!tape) return network;
  const writer = new ExchangeWriter(tape, options.onLost);
  return new RecordingTransport(network, { provider: name, writer, redactor: options.redactor });
}
