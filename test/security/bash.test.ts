import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { ScriptedRule } from '../../src/model/scripted/script.ts';
import type { Session } from '../../src/pool/session.ts';
import { baseImage } from '../../src/workspace/make-base-image.ts';
import { onStage } from '../scenarios/support.ts';

const CANARY = 'canary-4f1c9d7e2b';
const files = { 'mine.txt': 'mine\n', 'src/a.ts': 'a\n' };

function rulesFor(scripts: readonly string[]): ScriptedRule[] {
  return [
    ...scripts.map((command, index): ScriptedRule => ({
      match: { user: `script ${index};`, turn: 0 },
      answer: { calls: [{ name: 'bash', arguments: { command } }] },
    })),
    { answer: { text: 'done' } },
  ];
}

function lastResult(session: Session): string {
  return (
    session
      .messages()
      .flatMap((message) => (message.role === 'tool' ? [String(message.content)] : []))
      .at(-1) ?? ''
  );
}

const PROBES = [
  'cat /etc/passwd /etc/hostname /proc/self/environ /proc/1/cmdline /proc/version 2>&1',
  'env; printenv; set; export -p; declare -p',
  'ls -la / /etc /home /root /proc /sys /work /usr /usr/lib /var 2>&1',
  'cat ../../../../../../etc/passwd; cd ../../..; cat etc/passwd; cat /../../etc/passwd; cat ~root/.ssh/id_rsa; ls ~',
  'find / -maxdepth 3; ls /proc/self/fd /dev/fd /dev 2>&1; cat /dev/tcp/127.0.0.1/22; exec 3<>/dev/tcp/127.0.0.1/22',
  'curl http://127.0.0.1; wget x; nc x; ssh x; python3 -c 1; node -e 1; perl -e 1; js-exec -c 1; sqlite3 :memory: ".shell id"',
  'whoami; hostname; id; uname -a; echo $HOME $USER $HOSTNAME $PPID $$ $UID; awk \'BEGIN{print ENVIRON["PATH"]; system("id"); "date"|getline x}\'',
  "awk 'BEGIN{while((getline l < \"/etc/passwd\")>0) print l; print \"x\" > \"/etc/owned\"}'; sed '1r /etc/passwd' mine.txt; sed 'w /etc/owned2' mine.txt; sed '1e id' mine.txt",
  "jq -n 'env, $ENV, input_filename, $__loc__'; jq -n '$__prog_args'; jq -n 'input'; yq -n 'load(\"/etc/passwd\")'; yq -n 'env(PATH)'",
  'source /etc/profile; . ~/.bashrc; bash -c "cat /etc/shadow"; sh /etc/rc.local; xargs -a /etc/passwd echo; rg --pre id x; find . -exec /usr/bin/id \\;',
  'date; date -r /etc/passwd; stat /etc/passwd; file /etc/passwd; md5sum /etc/passwd; diff /etc/passwd mine.txt; tee /etc/x < mine.txt; history; help; split --filter=id mine.txt',
];

describe('what a script can see', () => {
  it('is nothing of the host: no file, variable, name, network or process', async () => {
    process.env['SKEIN_CANARY'] = CANARY;
    try {
      await onStage(rulesFor(PROBES), {}, async (made) => {
        for (const index of PROBES.keys()) {
          const session = await made.start({ tools: ['bash'], files });
          const { stopReason } = await session.prompt(`script ${index};`);
          const told = lastResult(session);
          expect({ index, stopReason }).toEqual({ index, stopReason: 'end' });
          expect(told, PROBES[index]).not.toMatch(
            /root:x:|:\/bin\/(?:ba)?sh|uid=\d|PRIVATE KEY|security violation/,
          );
          const ofHost = [CANARY, process.cwd(), process.execPath, hostname()];
          for (const text of ofHost.filter((text) => text.length > 4))
            expect(told, PROBES[index]).not.toContain(text);
        }
      });
    } finally {
      delete process.env['SKEIN_CANARY'];
    }
  });

  it('and change is its own files, to the last one', async () => {
    const base = baseImage.fromFiles({ 'shared.txt': 'shared\n', 'deep/er/file': 'x' });
    const scripts = [
      'rm -rf / --no-preserve-root; rm -rf /* .; rm -rf ../..; find / -delete; ls -A /',
      'cat shared.txt mine.txt',
    ];
    await onStage(rulesFor(scripts), {}, async (made) => {
      const [removing, other] = await Promise.all(
        [1, 2].map(() => made.start({ tools: ['bash'], files, base })),
      );
      await removing!.prompt('script 0;');
      expect([...removing!.files().keys()]).toEqual([]);
      await other!.prompt('script 1;');
      expect(lastResult(other!)).toBe('shared\nmine');
      expect([...other!.files().keys()]).toEqual(['deep/er/file', 'mine.txt', 'shared.txt', 'src/a.ts']);
      expect(base.read('shared.txt')).toEqual(new TextEncoder().encode('shared\n'));
    });
  });

  it('of names like __proto__ is only names', async () => {
    const script =
      'declare -A m; m[__proto__]=1; m[constructor]=2; echo "${m[__proto__]}${m[constructor]}[${m[toString]}]"; ' +
      '__proto__=x; constructor=y; echo "$__proto__$constructor[$hasOwnProperty]"; mkdir -p __proto__/constructor; ' +
      'echo 1 > __proto__/polluted; ls __proto__; echo \'{"__proto__":{"polluted":1}}\' | jq -c \'.__proto__.polluted, .constructor\'; ' +
      'awk \'BEGIN{a["__proto__"]=1; print a["__proto__"] a["toString"]}\'; printf \'__proto__:\\n  polluted: 1\\n\' | yq -o json \'.constructor\'; echo end';
    await onStage(rulesFor([script]), {}, async (made) => {
      const session = await made.start({ tools: ['bash'] });
      await session.prompt('script 0;');
      expect(lastResult(session)).toBe('12[]\nxy[]\nconstructor\npolluted\n1\nnull\n1\nnull\nend');
      expect([...session.files()]).toEqual([['__proto__/polluted', '1\n']]);
    });
  });
});

/** Each would take all memory or all time of whatever runs it. */
const BOMBS = [
  ['a loop', 'while :; do :; done'],
  ['a fork bomb', ':(){ :|:& };:'],
  ['a recursion', 'f() { f; }; f'],
  ['a doubled string', 'x=a; while :; do x=$x$x; done'],
  ['a wide format', "printf '%*s' 1000000000 x"],
  ['a brace expansion', 'echo {1..100000000}'],
  ['nested braces', 'echo {1..99}{1..99}{1..99}{1..99}'],
  ['endless output', 'while :; do printf "%100000s"; done'],
  ['a long sequence', 'seq 1 1000000000'],
  ['awk without end', 'awk \'BEGIN { while (1) x = x "aaaaaaaaaaaaaaaaaaaa" }\''],
  ['sed without end', "echo | sed ':a; s/^/aa/; ba'"],
  ['jq without end', "jq -n '[range(1e9)] | length'"],
  ['deep source', "bash -c \"$(printf '%200000s' | tr ' ' '(')\""],
  ['a deep tree', 'while mkdir d 2> /dev/null; do cd d; done; false'],
  ['many directories', 'for a in {1..300}; do mkdir -p $a/{1..99} || exit 1; done'],
  ['a full disk', 'printf "%4000000s" x > f; for i in {1..200}; do cp f f$i || exit 1; done'],
  ['a full /tmp', 'printf "%4000000s" x > /tmp/f; for i in {1..200}; do cp /tmp/f /tmp/f$i || exit 1; done'],
] as const;

describe('a script that would take everything', { timeout: 120_000 }, () => {
  it('is refused, and the session goes on', async () => {
    const limits = { maxTotalBytes: 32 * 1024 * 1024 };
    await onStage(
      rulesFor(BOMBS.map(([, script]) => script)),
      { limits, threads: { max: 1 } },
      async (made) => {
        for (const [index, [name]] of BOMBS.entries()) {
          const session = await made.start({ tools: ['bash'], files });
          const { stopReason } = await session.prompt(`script ${index};`);
          expect([name, stopReason]).toEqual([name, 'end']);
          // On a busy machine the watchdog may come before the script's own limit, which starts when the package is loaded.
          expect(lastResult(session), name).toMatch(/\n\[exit code [1-9]\d*\]$|timed_out/);
          expect(lastResult(session).length, name).toBeLessThan(50 * 1024);
        }
      },
    );
  });

  it('gets no more time from a pattern than from a word', async () => {
    const line = `${'a'.repeat(60)}!`;
    // One call each: a script has its ten seconds of a machine that may have much else to do.
    const scripts: (readonly [script: string, told: string])[] = [
      ["grep -E '(a+)+$' f; grep -P '(a+)+$' f; rg '(a+)+$' f; echo end", 'end'],
      ["sed -E 's/(a+)+$/x/' f; awk '/(a+)+$/' f; awk -F'(a+)+$' '{ print NF }' f", `${line}\n1`],
      ['[[ $(cat f) =~ (a+)+$ ]] || echo no; expr "$(cat f)" : \'\\(a*\\)*b\'', 'no\n0'],
      ['touch "$(cat f)"; find . -regex \'.*(a+)+x$\'; jq -R \'test("(a+)+$")\' f', 'false'],
      ['x=$(cat f); shopt -s extglob; [[ $x == +(+(+(a)))b ]] || echo no; echo end', 'no\nend'],
    ];
    await onStage(rulesFor(scripts.map(([script]) => script)), {}, async (made) => {
      const session = await made.start({ tools: ['bash'], files: { f: `${line}\n` } });
      for (const [index, [script, told]] of scripts.entries()) {
        await session.prompt(`script ${index};`);
        expect([script, lastResult(session).split('\n[exit code ')[0]]).toEqual([script, told]);
      }
    });
  });

  it.each([
    ['strings', 'x=$(printf %8000000s); for i in {1..5000}; do a[$i]=$x$i; done'],
    [
      'a substitution',
      "printf '%8000000s' x | sed 's/ /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/g' | wc -c",
    ],
  ])('or costs its thread, with %s, and never a neighbour', async (_what, script) => {
    const options = { isolation: 'process', shards: 1, threads: { max: 2, maxHeapMb: 64 } } as const;
    await onStage(rulesFor([script, 'cat mine.txt']), options, async (made) => {
      const [bomb, neighbour] = await Promise.all([1, 2].map(() => made.start({ tools: ['bash'], files })));
      const [end] = await Promise.all([bomb!.prompt('script 0;'), neighbour!.prompt('script 1;')]);
      expect(end.stopReason).toBe('end');
      expect(lastResult(bomb!)).toMatch(/tool_crashed|timed_out|\[exit code [1-9]/);
      await neighbour!.prompt('script 1;');
      expect(lastResult(neighbour!)).toBe('mine');
      expect([...bomb!.files().keys()]).toEqual(['mine.txt', 'src/a.ts']);
    });
  });
});
