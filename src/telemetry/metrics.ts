import { DURATION_BUCKETS, METRIC, ATTR, TOKEN_BUCKETS, WAIT_BUCKETS } from './names.ts';
import { meter, meterProvider, type Counter, type Histogram, type Meter } from './otel.ts';
import { observeSessions } from './session-counts.ts';

/** The instruments that skein records on. */
export interface Instruments {
  readonly operationDuration: Histogram;
  readonly tokenUsage: Histogram;
  readonly timeToFirstChunk: Histogram;
  readonly gateWait: Histogram;
  readonly threadWait: Histogram;
  readonly modelRetries: Counter;
  readonly modelFallbacks: Counter;
  readonly stepRetries: Counter;
}

let current: { readonly provider: unknown; readonly instruments: Instruments | undefined } = {
  provider: undefined,
  instruments: undefined,
};

/** Those of the meter provider that is registered now; undefined where none is. */
export function instruments(): Instruments | undefined {
  const provider = meterProvider();
  if (current.provider !== provider) {
    const found = meter();
    current = { provider, instruments: found && makeInstruments(found) };
  }
  return current.instruments;
}

function makeInstruments(from: Meter): Instruments {
  const seconds = (name: string, description: string, buckets: readonly number[]): Histogram =>
    from.createHistogram(name, {
      unit: 's',
      description,
      advice: { explicitBucketBoundaries: [...buckets] },
    });
  observeSessions(
    from.createObservableUpDownCounter(METRIC.sessions, {
      unit: '{session}',
      description: 'Open sessions of this process by state.',
    }),
    ATTR.sessionState,
  );
  return {
    operationDuration: seconds(METRIC.operationDuration, 'Attempts to call a model.', DURATION_BUCKETS),
    tokenUsage: from.createHistogram(METRIC.tokenUsage, {
      unit: '{token}',
      description: 'Tokens as the provider counted them.',
      advice: { explicitBucketBoundaries: [...TOKEN_BUCKETS] },
    }),
    timeToFirstChunk: seconds(
      METRIC.timeToFirstChunk,
      'From the request to the first piece of the answer.',
      DURATION_BUCKETS,
    ),
    gateWait: seconds(METRIC.gateWait, 'Model calls that waited for the gate.', DURATION_BUCKETS),
    threadWait: seconds(METRIC.threadWait, 'Steps, until they had a thread.', WAIT_BUCKETS),
    modelRetries: from.createCounter(METRIC.modelRetries, { description: 'Model calls made again.' }),
    modelFallbacks: from.createCounter(METRIC.modelFallbacks, {
      description: 'Models given up in a turn, for the next one of the session.',
    }),
    stepRetries: from.createCounter(METRIC.stepRetries, {
      description: 'Steps run again because their thread was lost.',
    }),
  };
}
