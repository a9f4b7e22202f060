import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { CodingAgent } from '../src/coding-agent.ts';
import { startScriptedModel, type ScriptedModelServer } from '../src/model/scripted/server.ts';

let server: ScriptedModelServer;
let agent: CodingAgent;

beforeEach(async () => {
  server = await startScriptedModel({
    rules: [
      {
        match: { user: 'Fix', turn: 0 },
        answer: {
          text: 'Looking. ',
          calls: [{ name: 'edit', arguments: { path: 'lib/foo.ex', old_string: 'bad', new_string: 'good' } }],
        },
      },
      { match: { user: 'Fix' }, answer: { text: 'Fixed.' } },
      {
        match: { user: 'Greet', turn: 0 },
        answer: { calls: [{ name: 'skill', arguments: { name: 'greet' } }] },
      },
      { match: { user: 'Greet', last: 'Blibba dorn' }, answer: { text: 'Blibba dorn, you!' } },
      { match: { user: 'Loop' }, answer: { calls: [{ name: 'read', arguments: { path: 'lib/foo.ex' } }] } },
      { match: { user: 'Slow' }, answer: { delay: { firstMs: 200 }, text: 'at last' } },
    ],
  });
  agent = await CodingAgent.open({ apiKey: 'unused', providers: { scripted: { baseURL: server.baseURL } } });
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await server.close();
});

const options = {
  model: 'scripted:m',
  files: { 'lib/foo.ex': 'bad\n' },
  skillsDirs: [fileURLToPath(new URL('fixtures/skills', import.meta.url))],
  temperature: 0,
};

describe('a message', () => {
  it('that is answered is ok, with the reply and all files', async () => {
    const session = await agent.startSession(options);
    const outcome = await agent.sendMessage(session, 'Fix the failing test in lib/foo.ex');
    expect(outcome.ok && [outcome.reply, [...outcome.files]]).toEqual(['Fixed.', [['lib/foo.ex', 'good\n']]]);
  });

  it('that is streamed gives the text of every turn and then the same', async () => {
    const session = await agent.startSession(options);
    let text = '';
    const outcome = await agent.streamMessage(session, 'Fix it', (chunk) => (text += chunk));
    expect([text, outcome.ok && outcome.reply]).toEqual(['Looking. Fixed.', 'Fixed.']);
  });

  it('may load a skill’s body on demand', async () => {
    const session = await agent.startSession(options);
    const outcome = await agent.sendMessage(session, 'Greet me');
    expect(outcome.ok && outcome.reply).toBe('Blibba dorn, you!');
  });

  it('that hits the turn limit is an error that still carries files and messages', async () => {
    const session = await agent.startSession({ ...options, maxTurns: 2 });
    const outcome = await agent.sendMessage(session, 'Loop');
    expect(outcome).toMatchObject({ ok: false, reason: 'max-turns' });
    expect(outcome.files.get('lib/foo.ex')).toBe('bad\n');
    expect(!outcome.ok && outcome.messages.length).toBe(2 + 2 * 2 + 2);
  });

  it('that takes too long times out for its caller only: the session goes on', async () => {
    const session = await agent.startSession(options);
    expect(await agent.sendMessage(session, 'Slow', 20)).toMatchObject({ ok: false, reason: 'timeout' });
    expect(session.status().promptId).not.toBeNull();
    const next = await agent.sendMessage(session, 'Fix it');
    expect(next.ok && next.reply).toBe('Fixed.');
    const replies = agent
      .context(session)
      .flatMap((message) => (message.role === 'assistant' && !message.tool_calls ? [message.content] : []));
    expect(replies).toEqual(['at last', 'Fixed.']);
  });
});

describe('a session', () => {
  it('is found by its name', async () => {
    const session = await agent.startSession({ ...options, name: 'my_session' });
    expect(agent.via('my_session')).toBe(session);
    await expect(agent.startSession({ ...options, name: 'my_session' })).rejects.toMatchObject({
      code: 'session_exists',
    });
  });
});

it('a model of OpenRouter is named by its prefix', () => {
  expect(CodingAgent.model('anthropic/claude-sonnet-4.5')).toBe('openrouter:anthropic/claude-sonnet-4.5');
});
