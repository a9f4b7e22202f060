import { metrics, trace, context, type Attributes } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node';

/** A metric's data point in short. */
export interface Point {
  readonly attributes: Attributes;
  /** Of a histogram: how many values, and their sum. Of a counter both are its value. */
  readonly count: number;
  readonly sum: number;
}

/** An OpenTelemetry SDK that keeps what it gets; registered for the whole process until it is closed. */
export class Collector {
  readonly #spans = new InMemorySpanExporter();
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #tracers = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#spans)] });
  readonly #meters = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({ exporter: this.#metrics, exportIntervalMillis: 3_600_000 }),
    ],
  });

  constructor() {
    this.#tracers.register();
    metrics.setGlobalMeterProvider(this.#meters);
  }

  /** Those that have ended, by their beginning. */
  get spans(): readonly ReadableSpan[] {
    const startMs = ({ startTime: [seconds, nanos] }: ReadableSpan): number => seconds * 1e3 + nanos / 1e6;
    return [...this.#spans.getFinishedSpans()].sort((a, b) => startMs(a) - startMs(b));
  }

  span(name: string): ReadableSpan {
    const found = this.spans.filter((span) => span.name === name);
    if (found.length !== 1) {
      throw new Error(
        `${found.length} spans are called ${name}: ${this.spans.map((s) => s.name).join(', ')}`,
      );
    }
    return found[0]!;
  }

  /** The spans as a tree, by indentation; those that ended in an error with its type. Waits are left out: they are chance. */
  tree(): string[] {
    const spans = this.spans.filter(({ name }) => !name.startsWith('skein.wait_'));
    const ids = new Set(spans.map((span) => span.spanContext().spanId));
    const lines: string[] = [];
    const add = (span: ReadableSpan, depth: number): void => {
      const error = span.attributes['error.type'];
      lines.push(`${'  '.repeat(depth)}${span.name}${error === undefined ? '' : ` !${String(error)}`}`);
      for (const child of spans) {
        if (child.parentSpanContext?.spanId === span.spanContext().spanId) add(child, depth + 1);
      }
    };
    for (const span of spans) if (!ids.has(span.parentSpanContext?.spanId ?? '')) add(span, 0);
    return lines;
  }

  /** The data points of every metric that was recorded, by its name. */
  async points(): Promise<ReadonlyMap<string, readonly Point[]>> {
    this.#metrics.reset();
    await this.#meters.forceFlush();
    const all = this.#metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return new Map(
      all
        .flatMap((scope) => scope.metrics)
        .map(({ descriptor, dataPoints }) => [
          descriptor.name,
          dataPoints.map(({ attributes, value }) =>
            typeof value === 'number'
              ? { attributes, count: value, sum: value }
              : { attributes, count: value.count, sum: (value as { sum?: number }).sum ?? 0 },
          ),
        ]),
    );
  }

  async close(): Promise<void> {
    trace.disable();
    context.disable();
    metrics.disable();
    await Promise.all([this.#tracers.shutdown(), this.#meters.shutdown()]);
  }
}

export async function withCollector<Result>(use: (collector: Collector) => Promise<Result>): Promise<Result> {
  const collector = new Collector();
  try {
    return await use(collector);
  } finally {
    await collector.close();
  }
}
