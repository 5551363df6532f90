// Each checker fires on a violation that is planted into what an honest run left, and on nothing else.
import { beforeAll, describe, expect, it } from 'vitest'
import type { ApplicationId, DeltaId } from '../src/base/ids.ts'
import type { Delta } from '../src/wire/delta.ts'
import { checkFacts, writtenAboveIn } from './check.ts'
import { Causality } from './record/causality.ts'
import { type Facts, factsOf, type NodeFacts } from './record/facts.ts'
import type { History } from './record/history.ts'
import { simulate } from './run/simulation.ts'
import { generate } from './scenario/generate.ts'
import type { FaultKind, Operation, Scenario } from './scenario/scenario.ts'

const TIMEOUT_MS = 240_000

/** Collections have tests of their own. */
type Tested = Exclude<Scenario['app'], 'collections'>
type Calls = readonly (readonly [string, Record<string, string>])[]

const CALLS: Readonly<Record<Tested, Calls>> = {
  mixed: [
    ['set', { key: 'a', value: 'v1' }],
    ['set', { key: 'b', value: 'v2' }],
    ['tag', { value: 't1' }],
    ['hit', {}],
    ['hit', {}],
    ['retitle', { value: 'v3' }],
    ['say', { id: 'v4' }],
    ['remove', { key: 'b' }],
    ['set', { key: 'a', value: 'v5' }],
  ],
  'order-sensitive': [
    ['append', { value: 'v1' }],
    ['set', { key: 'k1', value: 'v2' }],
    ['append', { value: 'v3' }],
    ['set', { key: 'k1', value: 'v4' }],
  ],
}

/** A calm network, or one with a partition: every kind of call, twice. */
function scenarioOf(app: Tested): Scenario {
  const calls = CALLS[app]
  const nodes = ['n0', 'n1', 'n2', 'n3', 'n4']
  const operations = calls.map(
    ([method, args], index): Operation => ({ atMs: 300 * (index + 1), node: nodes[index % 5] ?? 'n0', method, args }),
  )
  return {
    ...generate(1, 'host'),
    seed: 'checkers',
    app,
    nodes,
    operations,
    faults: [],
    lag: { diskMs: 0, guestMs: 0 },
  }
}

async function run(app: Tested): Promise<Facts> {
  const end = await simulate(scenarioOf(app))
  const facts = await factsOf(end)
  await end.world.close()
  if (!facts) throw new Error('not every node was there')
  return facts
}

let mixed: Facts
let ordered: Facts
beforeAll(async () => {
  mixed = await run('mixed')
  ordered = await run('order-sensitive')
}, TIMEOUT_MS)

const same: readonly DeltaId[] = []
const nobody = 'f'.repeat(64) as DeltaId

/** The facts with another second node. */
function withNode(facts: Facts, change: (node: NodeFacts) => Partial<NodeFacts>): Facts {
  return { ...facts, nodes: facts.nodes.map((node, index) => (index === 1 ? { ...node, ...change(node) } : node)) }
}

function withViews(facts: Facts, views: Record<string, unknown>): Facts {
  return { ...facts, views: { ...facts.views, ...views } }
}

function withHistory(facts: Facts, change: Partial<Record<keyof History, unknown>>): Facts {
  const history: History = Object.assign(Object.create(Object.getPrototypeOf(facts.history)), facts.history, change)
  return { ...facts, history }
}

/** As if all had been emitted by handlers. */
function withDepth(facts: Facts, depth: number): Facts {
  return {
    ...facts,
    deltas: facts.deltas.map(({ delta, payload }) => ({ delta, payload: { ...payload, depth } })),
  }
}

/** The last delta as if it followed on from another than its author's one before it. */
function withLastFollowing(facts: Facts, choose: (own: readonly Delta[]) => DeltaId | undefined): Facts {
  const last = facts.everything.findLast(({ previous }) => previous !== undefined)
  const own = facts.everything.filter(({ author }) => author === last?.author)
  const named = choose(own)
  if (!last || named === undefined) throw new Error('nobody has written often enough')
  const changed = { ...last, parents: last.parents.map((id, at) => (at === last.previous ? named : id)) }
  return { ...facts, everything: facts.everything.map((delta) => (delta === last ? changed : delta)) }
}

/** The handler rows of all nodes, each changed. */
function withHandlers(facts: Facts, change: { queued?: number; done?: number; dead?: number }): Facts {
  const handlers = new Map(
    [...facts.history.handlers].map(([name, runs]) => [
      name,
      new Map([...runs].map(([id, run]) => [id, { ...run, ...change }])),
    ]),
  )
  return withHistory(facts, { handlers })
}

const first = (facts: Facts) => facts.graph[0]?.id ?? nobody
const firstOf = (facts: Facts) => facts.history.attempts[0]?.deltaId
const last = (facts: Facts) => facts.history.advertised.at(-1)

const planted: readonly (readonly [string, string, () => Facts])[] = [
  ['rest', 'it never came to rest', () => ({ ...mixed, unrest: 'n1! is not there' })],
  [
    'rest',
    'a handler row is left',
    () => withNode(mixed, ({ leftovers }) => ({ leftovers: { ...leftovers, handler: 1 } })),
  ],
  ['rest', 'a dead letter', () => withNode(mixed, ({ leftovers }) => ({ leftovers: { ...leftovers, deadLetter: 1 } }))],
  ['rest', 'an outbox marker', () => withNode(mixed, ({ leftovers }) => ({ leftovers: { ...leftovers, outbox: 1 } }))],
  [
    'rest',
    'an id that is not offered',
    () => withNode(mixed, ({ leftovers }) => ({ leftovers: { ...leftovers, misoffered: 1 } })),
  ],
  [
    'rest',
    'an own delta that is kept for ever',
    () => withNode(mixed, ({ leftovers }) => ({ leftovers: { ...leftovers, kept: 1 } })),
  ],
  ['rest', 'a parked delta', () => withNode(mixed, () => ({ waiting: mixed.graph.slice(-1) }))],
  ['rest', 'missing governance', () => withNode(mixed, () => ({ governanceMissing: 1 }))],
  [
    'agreement',
    'another root',
    () => withNode(mixed, ({ summary }) => ({ summary: { ...summary, root: nobody, shownRoot: nobody } })),
  ],
  [
    'agreement',
    'a root that is not the disk’s',
    () => withNode(mixed, ({ summary }) => ({ summary: { ...summary, shownRoot: nobody } })),
  ],
  ['agreement', 'other heads', () => withNode(mixed, ({ summary }) => ({ summary: { ...summary, heads: [nobody] } }))],
  [
    'agreement',
    'other bytes',
    () => withNode(mixed, ({ summary }) => ({ summary: { ...summary, entries: summary.entries.slice(1) } })),
  ],
  ['agreement', 'other deltas', () => withNode(mixed, ({ applied }) => ({ applied: new Set([...applied].slice(1)) }))],
  ['agreement', 'other voids', () => withNode(mixed, () => ({ voids: new Set([nobody]) }))],
  ['agreement', 'another base', () => withNode(mixed, () => ({ base: 'another' }))],
  ['agreement', 'other governance', () => withNode(mixed, () => ({ governance: 'another' }))],
  ['definition', 'all have the same wrong root', () => ({ ...mixed, refolded: nobody as string as Facts['refolded'] })],
  [
    'calls',
    'an acknowledged delta is nowhere',
    () => ({ ...mixed, deltas: mixed.deltas.filter(({ delta }) => delta.id !== firstOf(mixed)) }),
  ],
  [
    'calls',
    'what was written again counts beside what it stands for',
    () => {
      const [one, two] = mixed.deltas.filter(({ delta }) => delta.author === mixed.deltas[0]?.delta.author)
      if (!one || !two) throw new Error('the first author has written once')
      const twice = { ...two, delta: { ...two.delta, rewrites: [one.delta.id] } }
      return { ...mixed, deltas: mixed.deltas.map((applied) => (applied === two ? twice : applied)) }
    },
  ],
  [
    'calls',
    'a call on a node that is up fails',
    () =>
      withHistory(mixed, {
        attempts: mixed.history.attempts.map((attempt) => ({ ...attempt, outcome: 'failed', error: 'oh' })),
      }),
  ],
  [
    'calls',
    'a call is never answered',
    () => withHistory(mixed, { attempts: mixed.history.attempts.map((attempt) => ({ ...attempt, outcome: 'open' })) }),
  ],
  ['effects', 'an acknowledged write is lost', () => withViews(mixed, { all_items: {} })],
  ['effects', 'an overwritten value is back', () => withViews(mixed, { all_items: { a: 'v1' } })],
  ['effects', 'a deleted key is back', () => withViews(mixed, { all_items: { a: 'v5', b: 'v2' } })],
  ['effects', 'a value that nobody wrote', () => withViews(mixed, { all_items: { a: 'v9' } })],
  ['effects', 'a key that nobody wrote', () => withViews(mixed, { all_items: { a: 'v5', z: 'v1' } })],
  ['effects', 'an element is lost', () => withViews(mixed, { all_tags: [] })],
  ['effects', 'a register lost its value', () => withViews(mixed, { get_title: null })],
  ['effects', 'a counter lost a count', () => withViews(mixed, { hit_count: 1 })],
  ['effects', 'a counter counted twice', () => withViews(mixed, { hit_count: 3 })],
  ['effects', 'a handler counted twice', () => withViews(mixed, { heard_count: 5 })],
  ['effects', 'an entry of a log is lost', () => withViews(ordered, { log: ['v1'] })],
  ['effects', 'an entry of a log is doubled', () => withViews(ordered, { log: ['v1', 'v3', 'v3'] })],
  ['effects', 'an old value of a key is back', () => withViews(ordered, { 'get k1': 'v2' })],
  [
    'advertising',
    'a node forgets what it had',
    () =>
      withHistory(mixed, {
        advertised: [...mixed.history.advertised, { ...last(mixed), heads: [first(mixed)], judged: undefined }],
      }),
  ],
  [
    'advertising',
    'equal heads, two roots',
    () =>
      withHistory(mixed, {
        advertised: ['n0', 'n1'].map((name) => ({ ...last(mixed), name, root: name, judged: '' })),
      }),
  ],
  [
    'advertising',
    'a head that is not applied',
    () => withHistory(mixed, { advertised: [{ ...last(mixed), unapplied: [nobody] }] }),
  ],
  ['handling', 'an event is handled twice', () => withHandlers(mixed, { queued: 2, done: 2 })],
  ['handling', 'what handlers cause is not counted', () => withDepth(mixed, 1)],
  ['handling', 'an event is not handled', () => withHandlers(mixed, { queued: 0, done: 0 })],
  ['handling', 'an event is given up', () => withHandlers(mixed, { done: 0, dead: 1 })],
  [
    'handling',
    'an author handles its own event',
    () =>
      withHistory(mixed, { handlers: new Map([...mixed.history.handlers, ['n1', mixed.history.handlers.get('n0')]]) }),
  ],
  [
    'showing',
    'clients see a delta twice',
    () => withHistory(mixed, { shown: new Map([['n1 1', new Map([[nobody, 2]])]]) }),
  ],
  [
    'showing',
    'clients see the events of what is written again',
    () => {
      const again = first(mixed)
      return {
        ...withHistory(mixed, { shownEvents: new Map([['n1', [nobody, again]]]) }),
        sameEvents: new Map([nobody, again].map((id) => [id, same])),
      }
    },
  ],
  ['showing', 'clients see nothing', () => withHistory(mixed, { shown: new Map() })],
  [
    'showing',
    'clients of one node see nothing',
    () => withHistory(mixed, { shown: new Map([...mixed.history.shown].filter(([process]) => process !== 'n1 1')) }),
  ],
  ['agreement', 'an undo record too many', () => withNode(mixed, ({ stack }) => ({ stack: [...stack, nobody] }))],
  [
    'showing',
    'clients see what is not on the disk',
    () => withHistory(mixed, { shownEarly: [{ name: 'n1', id: nobody }] }),
  ],
  [
    'calls',
    'a call is two batches',
    () => withHistory(mixed, { torn: [{ name: 'n1', id: nobody, lacks: 'its marker' }] }),
  ],
  [
    'stamps',
    'a delta of the far future',
    () => withHistory(mixed, { madeMs: new Map(mixed.everything.map(({ id }) => [id, 0])) }),
  ],
  [
    'stamps',
    'a delta later than what it writes',
    () => ({
      ...mixed,
      deltas: mixed.deltas.map((each) => ({ ...each, delta: { ...each.delta, hlc: each.delta.hlc + 1n } })),
    }),
  ],
  ['secrecy', 'a removed member reads on', () => ({ ...mixed, exposed: [{ name: 'n1', id: nobody }] })],
  [
    'secrecy',
    'a stranger is given something',
    () => withHistory(mixed, { pried: [{ name: 'mallory', request: 'base' }] }),
  ],
  ['calls', 'a state comes without its checkpoint', () => withHistory(mixed, { halfSwapped: ['n1'] })],
  ['agreement', 'other code', () => withNode(mixed, () => ({ applicationId: nobody as string as ApplicationId }))],
  ['agreement', 'other proposals', () => withNode(mixed, () => ({ proposals: '[]' }))],
  ['keeping', 'what counted counts nowhere', () => ({ ...mixed, deltas: mixed.deltas.slice(1) })],
  [
    'keeping',
    'a word in the log is gone',
    () => withHistory(mixed, { governed: new Map([[mixed.nodes[1]?.publicKey, new Set([nobody])]]) }),
  ],
  [
    'keeping',
    'what was written again comes behind what knew of it',
    () => ({ ...mixed, reissued: new Map([[first(mixed), mixed.graph.at(-1)?.id ?? nobody]]) }),
  ],
  ['following', 'a delta names none of its author’s before it', () => withLastFollowing(mixed, () => nobody)],
  [
    'following',
    'a delta names one of its author’s that is older',
    () => withLastFollowing(mixed, (own) => own.at(-3)?.id),
  ],
  [
    'presence',
    'a member is not seen',
    () => ({
      ...mixed,
      nodes: mixed.nodes.map((node) => ({ ...node, presences: new Map<string, string>(), shows: 'here' })),
    }),
  ],
  [
    'deciding',
    'what enough have approved waits',
    () => {
      const approvals = mixed.nodes.map(({ publicKey }) => publicKey)
      const proposals = JSON.stringify({ approvalsNeeded: 2, active: [{ id: nobody, approvals }] })
      return { ...mixed, nodes: mixed.nodes.map((node) => ({ ...node, proposals })) }
    },
  ],
  ['cutting off', 'a removed member writes on', () => ({ ...mixed, unpinned: [{ name: 'n1', id: nobody }] })],
  [
    'log',
    'a warning',
    () => withHistory(mixed, { logs: [{ name: 'n1', entry: { level: 'warn', message: 'odd', fields: {} } }] }),
  ],
]

it('what a liar says to stand for another’s is not counted as written again above a sweep', () => {
  const [origin, sweep] = [first(mixed), mixed.deltas.at(-2)?.delta.id ?? nobody]
  const deltas = mixed.deltas.map((each, at) =>
    at === mixed.deltas.length - 1 ? { ...each, delta: { ...each.delta, rewrites: [origin] } } : each,
  )
  const swept = { deltas, sweeps: [sweep], claims: new Set<DeltaId>() }
  expect(writtenAboveIn(swept)).toBe(1)
  expect(writtenAboveIn({ ...swept, claims: new Set(deltas.slice(-1).map(({ delta }) => delta.id)) })).toBe(0)
})

it('two calls of a liar, which say to stand for the same one of another, are not one that counts twice', () => {
  const [liar, of] = [mixed.nodes[0], mixed.nodes[1]].map((node) => node?.publicKey)
  const origin = mixed.deltas.find(({ delta }) => delta.author === of)?.delta.id ?? nobody
  const own = mixed.deltas.filter(({ delta }) => delta.author === liar && delta.id > origin)
  const deltas = mixed.deltas.map((each) =>
    own.includes(each) ? { ...each, delta: { ...each.delta, rewrites: [origin] } } : each,
  )
  const foundWith = (claims: readonly DeltaId[]) =>
    checkFacts({ ...mixed, deltas, claims: new Set(claims) }).filter(({ checker }) => checker === 'calls')
  expect(own.length).toBeGreaterThan(1)
  expect(foundWith([])).toHaveLength(own.length - 1)
  expect(foundWith(own.map(({ delta }) => delta.id))).toEqual([])
})

it.each([
  ['method "set": the call ran longer than 30 s and was ended'],
  [
    'context C: delta a1 counts here, could not be applied yet, and comes before anything that is written; it is tried again',
  ],
])('a call that fails on a busy machine is no finding: %s', (error) => {
  const attempts = mixed.history.attempts.map((attempt) => ({ ...attempt, outcome: 'failed' as const, error }))
  const foundWith = (...faults: FaultKind[]) =>
    checkFacts(withHistory(mixed, { attempts, faults: new Set(faults) })).filter(({ message }) =>
      message.includes(error),
    )
  expect(foundWith('stumble')).toEqual([])
  expect(foundWith().length).toBeGreaterThan(0)
})

describe('the checkers', () => {
  it('find nothing in what an honest run left', () => {
    expect([...checkFacts(mixed), ...checkFacts(ordered)]).toEqual([])
  })

  it.each(planted)('%s: %s', (checker, _, facts) => {
    expect(checkFacts(facts()).map((violation) => violation.checker)).toContain(checker)
  })
})

it('causality: who knew of whom, across words of bits', () => {
  const ids = Array.from({ length: 70 }, (_, index) => `d${index}` as DeltaId)
  const chain = ids.map((id, index) => ({ id, parents: index === 0 || index === 40 ? [] : [ids[index - 1] ?? id] }))
  const causality = new Causality(chain)
  const at = (index: number) => ids[index] ?? nobody
  expect([causality.includes(at(39), at(0)), causality.includes(at(0), at(39))]).toEqual([true, false])
  expect([causality.includes(at(69), at(40)), causality.includes(at(69), at(39))]).toEqual([true, false])
  expect(causality.includes(nobody, at(0))).toBe(false)
})
