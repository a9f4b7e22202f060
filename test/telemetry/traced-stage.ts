import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import type { ScriptedModelScript, ScriptedRule } from '../../src/model/scripted/script.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import { onStage, type Stage } from '../scenarios/support.ts';
import { withCollector, type Collector } from './collector.ts';

/** A stage in a program that has registered an SDK. */
export function onTracedStage(
  script: ScriptedModelScript | readonly ScriptedRule[],
  use: (stage: Stage, collector: Collector) => Promise<void>,
  options: PoolOptions = {},
): Promise<void> {
  return withCollector((collector) => onStage(script, options, (stage) => use(stage, collector)));
}

export const startMs = ({ startTime: [seconds, nanos] }: ReadableSpan): number => seconds * 1e3 + nanos / 1e6;
export const endMs = ({ endTime: [seconds, nanos] }: ReadableSpan): number => seconds * 1e3 + nanos / 1e6;
