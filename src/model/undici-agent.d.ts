/** The one part of undici that is needed. Its main file would load the rest too, `fetch`, caches and WebSockets, and Node's own undici with them. */
declare module 'undici/lib/dispatcher/agent.js' {
  export { Agent as default } from 'undici';
}
