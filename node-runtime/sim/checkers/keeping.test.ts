// What is kept of a removed author: all that was accepted by those on whose word the removal rests.
import { expect, it } from 'vitest'
import { type ContextId, type DeltaId, idFromBytes, type OpId } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import { Causality } from '../record/causality.ts'
import type { Facts } from '../record/facts.ts'
import { History } from '../record/history.ts'
import { cuttingOff } from './cutting-off.ts'
import { keeping } from './keeping.ts'

const idOf = <Id extends string>(byte: number) => idFromBytes<Id & ContextId>(new Uint8Array(32).fill(byte))
const shared = { contextId: idOf<ContextId>(1), namespaceId: idOf(2), groupId: idOf(2) }
const [op, word, delta] = [idOf<OpId>(3), idOf<OpId>(4), idOf<DeltaId>(5)]
const HEARD_MS = 10
const keyOf = (name: string) => keysOf(name).identity.publicKey
const account = accountOf(keyOf('n3'))

/** n3 is removed by n0; its delta, which knew nothing of that, counts nowhere. `accepted`: who had it then. */
function factsOf(accepted: readonly string[], pinned?: Record<string, readonly string[]>): Facts {
  const history = new History()
  for (const name of accepted) {
    history.applied.set(name, new Set([delta]))
    history.heardOf.push({ name, op, atMs: HEARD_MS, accepted: new Set([delta]) })
  }
  const names = ['n0', 'n1', 'n2']
  return {
    history,
    setting: { shared },
    scenario: { nodes: [...names, 'n3'], faults: [{ kind: 'removal', node: 'n3', by: 'n0', atMs: 1 }] },
    nodes: names.map((name) => ({ name, publicKey: keyOf(name), presences: new Map() })),
    everything: [{ id: delta, author: keyOf('n3'), parents: [], governance: [] }],
    deltas: [],
    reissued: new Map(),
    unpinned: [],
    log: [{ id: op, author: keyOf('n0'), parents: [], body: { kind: 'member_removed', account, pinned } }],
  } as unknown as Facts
}

const found = (facts: Facts) => keeping.check(facts, new Causality([]))

it('what who removed had accepted is kept, and what others had is not, where the removal says so', () => {
  const pinned = { [shared.contextId]: [] }
  expect(found(factsOf(['n0'], pinned)).join()).toContain('was accepted by n0')
  expect(found(factsOf(['n1'], pinned))).toEqual([])
})

it('what anybody had accepted is kept where the removal says nothing', () => {
  expect(found(factsOf(['n1'])).join()).toContain('was accepted by n1')
  const late = factsOf(['n1'])
  late.history.heardOf.splice(0)
  expect(found(late)).toEqual([])
})

it('who took the state of another may have lost what nobody writes again', () => {
  const facts = factsOf(['n1'])
  facts.history.adoptions.set('n1', [1, HEARD_MS + 1])
  expect(found(facts)).toEqual([])
  const { scenario } = facts
  expect(found({ ...facts, scenario: { ...scenario, marks: ['accepted behind'] } }).join()).toContain('accepted by n1')
})

it('who took it before it heard of the removal, and had the delta then, has not lost it by that', () => {
  const facts = factsOf(['n1'])
  facts.history.adoptions.set('n1', [1])
  expect(found(facts).join()).toContain('accepted by n1')
})

it('nor has who took none, whatever another did that had it', () => {
  const facts = factsOf(['n1', 'n2'])
  facts.history.adoptions.set('n1', [HEARD_MS + 1])
  expect(found(facts).join()).toContain('accepted by n2 from')
})

it('what no removal has taken may have gone with a state', () => {
  const facts = { ...factsOf(['n1']), log: [] }
  expect(found(facts).join()).toContain('is lost')
  facts.history.adoptions.set('n1', [1])
  expect(found(facts)).toEqual([])
})

it('what counted of who stays is never lost', () => {
  const facts = factsOf(['n1'])
  const everything = facts.everything.map((each) => ({ ...each, author: keyOf('n2') }))
  expect(found({ ...facts, everything }).join()).toContain('is lost')
})

it('somebody has to say what was accepted', () => {
  const said = (facts: Facts) => cuttingOff.check(facts, new Causality([]))
  expect(said(factsOf([])).join()).toContain('nobody has said')
  expect(said(factsOf([], { [shared.contextId]: [] }))).toEqual([])
  const facts = factsOf([])
  const pin = { id: word, parents: [op], body: { kind: 'removal_pinned', removal: op } } as unknown as Facts['log'][0]
  expect(said({ ...facts, log: [...facts.log, pin] })).toEqual([])
})
