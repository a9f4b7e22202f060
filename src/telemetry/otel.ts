import {
  createNoopMeter,
  metrics,
  ProxyTracerProvider,
  trace,
  type Meter,
  type Tracer,
} from '@opentelemetry/api';
import { SCOPE_NAME } from './names.ts';

/**
 * The one file that imports the OpenTelemetry API. Without an SDK everything in it does nothing; skein brings none, and asks
 * whether there is one before it makes anything for it.
 */
export {
  context,
  createContextKey,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
export type {
  Attributes,
  Context,
  Counter,
  Histogram,
  Meter,
  ObservableUpDownCounter as ObservableSessions,
  Span,
  SpanContext,
} from '@opentelemetry/api';

/** What a tracer provider without an SDK hands its work to: one object for all. */
const NO_PROVIDER: unknown = new ProxyTracerProvider().getDelegate();
const NO_METER: unknown = createNoopMeter();

/** Somebody has registered a tracer provider. Asked anew each time: it may come after the pool. */
export function hasTracing(): boolean {
  const provider = trace.getTracerProvider();
  return !('getDelegate' in provider && (provider as ProxyTracerProvider).getDelegate() === NO_PROVIDER);
}

export function tracer(): Tracer {
  return trace.getTracer(SCOPE_NAME);
}

/** The meter of whoever has registered a meter provider; undefined where nobody has. */
export function meter(): Meter | undefined {
  const found = metrics.getMeter(SCOPE_NAME);
  return found === NO_METER ? undefined : found;
}

/** Stands for the registered meter provider: another one has other instruments. */
export function meterProvider(): unknown {
  return metrics.getMeterProvider();
}
