// node examples/telemetry.mjs    (after npm ci; in a program of your own: npm install @opentelemetry/sdk-trace-node@2.12.1)
//
// Prints the spans of one prompt as a tree. A real program registers an exporter in place of the one that keeps them here.
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { SessionPool, startScriptedModel } from 'skein';

const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();

const model = await startScriptedModel({
  rules: [
    { match: { turn: 0 }, answer: { calls: [{ name: 'read', arguments: { path: 'greet.js' } }] } },
    { answer: { text: 'It says hello.' } },
  ],
});
const pool = await SessionPool.open({
  providers: { local: { baseURL: model.baseURL } },
  onEvent: (event) => {
    if (event.type === 'step-began')
      console.log(`step ${event.stepId} waited ${event.waitedMs.toFixed(1)} ms`);
  },
});
const session = await pool.start({ model: 'local:any', files: { 'greet.js': "console.log('hello');\n" } });
await session.prompt('What does greet.js do?');
await pool.close();
await model.close();

const spans = exporter.getFinishedSpans();
const print = (parentId, depth) => {
  for (const span of spans) {
    if (span.parentSpanContext?.spanId !== parentId) continue;
    const ms = span.duration[0] * 1e3 + span.duration[1] / 1e6;
    console.log(`${'  '.repeat(depth)}${span.name}  ${ms.toFixed(1)} ms`);
    print(span.spanContext().spanId, depth + 1);
  }
};
print(undefined, 0);
