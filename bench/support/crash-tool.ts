import { crash } from './crash.ts';

/** {@link crash} as a tool module of skein's. */
export default [
  {
    name: 'crash',
    description: 'Crashes.',
    parameters: { type: 'object' },
    execute: ({ way }: { readonly way: unknown }) => crash(way),
  },
];
