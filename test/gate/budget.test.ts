import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeBudget, describeReached } from '../../src/describe-budget.ts';
import { BudgetNode, NOTHING_SPENT, type Spending } from '../../src/gate/budget.ts';
import { BudgetTree } from '../../src/gate/budget-tree.ts';
import { NO_COST, NO_USAGE, UNKNOWN_COST, type Cost } from '../../src/model/model.ts';
import type { BudgetOptions, ReachedBudget } from '../../src/protocol/budget.ts';

const dollars = (usd: number): Cost => ({ usd, basis: 'table', unpriced: 0 });

function spent(tokens: number, cost: Cost = dollars(0), turns = 1): Spending {
  return { usage: { ...NO_USAGE, totalTokens: tokens, cost }, turns };
}

function pool(limits: BudgetOptions | null): BudgetNode {
  return new BudgetNode({ scope: 'pool', name: null, parent: null, limits });
}

const account = (
  sessionId: string,
  more: { group?: string; parent?: string; limits?: BudgetOptions } = {},
) => ({
  sessionId,
  group: more.group ?? null,
  parent: more.parent ?? null,
  limits: more.limits ?? null,
  ...NOTHING_SPENT,
});

describe('a limit', () => {
  it.each<[string, BudgetOptions, Spending, number, Partial<ReachedBudget> | null]>([
    ['of dollars: below it', { usd: 1 }, spent(9, dollars(0.99)), 0, null],
    ['of dollars: at it', { usd: 1 }, spent(9, dollars(1)), 0, { what: 'usd', limit: 1, spent: 1 }],
    ['of dollars: over it', { usd: 1 }, spent(9, dollars(1.5)), 0, { what: 'usd', limit: 1, spent: 1.5 }],
    ['of dollars: nothing spent yet', { usd: 1 }, spent(0, NO_COST, 0), 0, null],
    [
      'of dollars: cost unknown',
      { usd: 1 },
      spent(9, UNKNOWN_COST),
      0,
      { what: 'price', limit: 1, spent: 0 },
    ],
    [
      'of dollars: cost unknown in part',
      { usd: 1 },
      spent(9, { usd: 0.5, basis: 'provider', unpriced: 1 }),
      0,
      { what: 'price', limit: 1, spent: 0.5 },
    ],
    ['of tokens: below it, cost unknown', { tokens: 10 }, spent(9, UNKNOWN_COST), 0, null],
    ['of tokens: at it', { tokens: 10 }, spent(10), 0, { what: 'tokens', limit: 10, spent: 10 }],
    ['of turns: below it', { turns: 3 }, spent(0, NO_COST, 2), 0, null],
    ['of turns: at it', { turns: 3 }, spent(0, NO_COST, 3), 0, { what: 'turns', limit: 3, spent: 3 }],
    ['of time: below it', { wallMs: 100 }, NOTHING_SPENT, 99, null],
    ['of time: at it', { wallMs: 100 }, NOTHING_SPENT, 100, { what: 'wallMs', limit: 100, spent: 100 }],
    ['that pauses, by default', { turns: 1 }, spent(1), 0, { action: 'pause' }],
    ['that ends', { turns: 1, onReached: 'end' }, spent(1), 0, { action: 'end' }],
    ['the first of two', { usd: 9, tokens: 5 }, spent(5), 0, { what: 'tokens' }],
  ])('%s', (_, limits, spending, now, expected) => {
    const node = pool(limits);
    node.begin(0);
    node.spend(spending);
    const reached = node.reached(now);
    if (expected === null) expect(reached).toBeNull();
    else expect(reached).toMatchObject({ scope: 'pool', name: null, ...expected });
  });

  it('is told with whose it is, how much it is and how much is spent', () => {
    const reached = (what: ReachedBudget['what'], more: Partial<ReachedBudget> = {}): string =>
      describeReached({ scope: 'session', name: 'a', what, limit: 1, spent: 1.25, action: 'pause', ...more });
    expect(reached('usd')).toBe('the budget of session "a" is reached: $1.25 of $1.00');
    expect(reached('tokens', { scope: 'pool', name: null, limit: 1e6, spent: 1_000_001 })).toBe(
      'the budget of the pool is reached: 1,000,001 of 1,000,000 tokens',
    );
    expect(reached('wallMs', { scope: 'group', name: 'n', limit: 60_000, spent: 61_500 })).toBe(
      'the budget of group "n" is reached: 61.5 of 60 seconds',
    );
    expect(reached('price')).toContain('is in dollars ($1.00), and what a response has cost is not known');
    expect([describeBudget(null), describeBudget({ usd: 5, turns: 200 })]).toEqual([
      'none',
      '$5.00, 200 turns',
    ]);
  });
});

describe('the tree', () => {
  it('counts what a session spends against its parent session, its group and the pool, and nobody else', () => {
    const tree = new BudgetTree({ groups: { g: null, other: null } });
    const parent = tree.session(account('parent', { group: 'g' }));
    tree.becomesParent('parent');
    const child = tree.session(account('child', { group: 'g', parent: 'parent' }));
    const alone = tree.session(account('alone'));
    child.spend(spent(1, dollars(0.1)));
    parent.spend(spent(10, dollars(0.2)));
    alone.spend(spent(100, dollars(1)));
    const tokens = [
      child.spending,
      parent.spending,
      tree.spending('g')!,
      tree.spending('other')!,
      tree.spending()!,
    ];
    expect(tokens.map(({ usage }) => usage.totalTokens)).toEqual([1, 11, 11, 0, 111]);
    expect(tree.spending('g')?.usage.cost.usd).toBe(0.3);
    expect(tree.spending('nobody')).toBeUndefined();
  });

  it('stops a session at the limit of whatever it counts against, and first at one that ends', () => {
    const tree = new BudgetTree({ pool: { turns: 2, onReached: 'end' }, groups: { g: { turns: 1 } } });
    const a = tree.session(account('a', { group: 'g', limits: { turns: 1 } }));
    const b = tree.session(account('b', { group: 'g' }));
    const c = tree.session(account('c'));
    a.spend(spent(1));
    expect(a.reached(0)).toMatchObject({ scope: 'session', name: 'a' });
    expect(b.reached(0)).toMatchObject({ scope: 'group', name: 'g' });
    expect(c.reached(0)).toBeNull();
    c.spend(spent(1));
    for (const node of [a, b, c]) expect(node.reached(0)).toMatchObject({ scope: 'pool', action: 'end' });
  });

  it('counts the time of a group while any of its sessions is at work, once', () => {
    const tree = new BudgetTree({ groups: { g: { wallMs: 1_000 } } });
    const [a, b] = [tree.session(account('a', { group: 'g' })), tree.session(account('b', { group: 'g' }))];
    a.begin(0);
    b.begin(50);
    a.end(100);
    b.end(150);
    a.begin(400);
    expect(tree.status(425, 'g')).toMatchObject({ wallMs: 175, reached: null });
    expect([a.wallMs(425), b.wallMs(425)]).toEqual([125, 100]);
  });

  it('asks for the time of earlier processes once, and only where a limit needs it', () => {
    let asked = 0;
    const node = new BudgetNode({
      scope: 'session',
      name: 'a',
      parent: null,
      limits: { turns: 9 },
      earlierWallMs: () => {
        asked += 1;
        return 70;
      },
    });
    expect([node.status(0).wallMs, asked]).toEqual([null, 0]);
    node.limits = { wallMs: 80 };
    node.begin(0);
    expect(node.reached(9)).toBeNull();
    expect(node.reached(10)).toMatchObject({ what: 'wallMs', spent: 80 });
    expect(asked).toBe(1);
  });

  it('takes in what sessions of earlier processes have spent, whether anybody asks for them or not', () => {
    const tree = new BudgetTree();
    tree.takeIn([
      { ...account('parent', { group: 'g' }), ...spent(5) },
      { ...account('child', { group: 'g', parent: 'parent' }), ...spent(7) },
      { ...account('orphan', { group: 'g', parent: 'gone' }), ...spent(11) },
    ]);
    expect([tree.spending()?.turns, tree.spending('g')?.usage.totalTokens]).toEqual([3, 23]);
    // From its journal: the nodes above have it already.
    const parent = tree.session({ ...account('parent', { group: 'g', limits: { turns: 2 } }), ...spent(5) });
    expect(parent.reached(0)).toMatchObject({ what: 'turns', spent: 2 });
    const orphan = tree.session({ ...account('orphan', { group: 'g', parent: 'gone' }), ...spent(11) });
    orphan.spend(spent(1));
    expect([tree.spending('g')?.usage.totalTokens, tree.spending()?.usage.totalTokens]).toEqual([24, 24]);
  });

  it('wakes whoever waits when a limit changes, and when the wait is given up', async () => {
    const tree = new BudgetTree({ groups: { g: { turns: 1 } } });
    const node = tree.session(account('a', { group: 'g' }));
    const { signal } = new AbortController();
    for (const change of [
      () => tree.setPoolLimits(null),
      () => tree.setGroupLimits('g', { turns: 2 }),
      () => tree.setSessionLimits(node, { turns: 3 }),
    ]) {
      const both = Promise.all([tree.changed(signal), tree.changed(signal)]);
      change();
      await both;
    }
    const cancel = new AbortController();
    const given = tree.changed(cancel.signal);
    cancel.abort();
    await given;
    await tree.changed(cancel.signal);
  });

  it('has at its root the sum of its leaves, whatever is spent, forgotten and told again', () => {
    const step = fc.record({
      session: fc.nat(7),
      tokens: fc.nat(1_000),
      micros: fc.option(fc.nat(1_000_000), { nil: null }),
      rests: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const groups = ['g', 'h'];
        const tree = new BudgetTree({ groups: { g: null, h: null } });
        const own = Array.from({ length: 8 }, () => ({ tokens: 0, micros: 0, unpriced: 0, turns: 0 }));
        const nodeOf = (i: number): BudgetNode => {
          const parent = i >= 4 ? `s${i - 4}` : undefined;
          // A parent stays: its node has what its children have spent, which its journal does not tell.
          if (parent !== undefined) nodeOf(i - 4);
          if (parent !== undefined) tree.becomesParent(parent);
          const { tokens, micros, unpriced, turns } = own[i]!;
          const cost: Cost = { usd: micros / 1e6, basis: 'table', unpriced };
          return tree.session({
            ...account(`s${i}`, { group: groups[i % 2]!, ...(parent === undefined ? {} : { parent }) }),
            usage: { ...NO_USAGE, totalTokens: tokens, cost },
            turns,
          });
        };
        for (let i = 0; i < 8; i++) nodeOf(i);
        for (const { session, tokens, micros, rests } of steps) {
          nodeOf(session).spend(spent(tokens, micros === null ? UNKNOWN_COST : dollars(micros / 1e6)));
          const leaf = own[session]!;
          leaf.tokens += tokens;
          leaf.turns += 1;
          if (micros === null) leaf.unpriced += 1;
          else leaf.micros += micros;
          if (rests) tree.rest(`s${session}`);
        }
        const total = (of: (i: number) => boolean): (typeof own)[0] =>
          own.reduce(
            (sum, leaf, i) =>
              of(i)
                ? {
                    tokens: sum.tokens + leaf.tokens,
                    micros: sum.micros + leaf.micros,
                    unpriced: sum.unpriced + leaf.unpriced,
                    turns: sum.turns + leaf.turns,
                  }
                : sum,
            { tokens: 0, micros: 0, unpriced: 0, turns: 0 },
          );
        const seen = ({ usage, turns }: Spending): object => ({
          tokens: usage.totalTokens,
          micros: Math.round((usage.cost.usd ?? 0) * 1e6),
          unpriced: usage.cost.unpriced,
          turns,
        });
        expect(seen(tree.spending()!)).toEqual(total(() => true));
        groups.forEach((name, g) => expect(seen(tree.spending(name)!)).toEqual(total((i) => i % 2 === g)));
        for (let i = 0; i < 4; i++) {
          expect(seen(nodeOf(i).spending)).toEqual(total((j) => j === i || j === i + 4));
        }
      }),
    );
  });
});
