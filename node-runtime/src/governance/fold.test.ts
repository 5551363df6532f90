// The fold: same operations, same state, whatever the order of arrival; and the rule for concurrent revocations.
import { describe, expect, test } from 'vitest'
import type { OpId } from '../base/ids.ts'
import { accountOf } from '../base/keys.ts'
import type { OpBody } from '../base/operations.ts'
import { ALL_CAPABILITIES } from './capabilities.ts'
import { Governance } from './governance.ts'
import { CUTS_KEPT_MAX, INVALID_REMEMBERED_MAX, LANDMARK_EVERY } from './limits.ts'
import {
  added,
  alice,
  bob,
  capable,
  carol,
  contextBy,
  contexted,
  created,
  dave,
  described,
  eve,
  genesis,
  groupBy,
  grouped,
  hashOf,
  idOf,
  joined,
  known,
  namespaceId,
  nodeWith,
  operation,
  removed,
  roled,
  secondApplication,
  team,
} from './testing/world.fixture.ts'

describe('receiving', () => {
  test('what arrives before its parents waits, and completes with them', () => {
    const { ops } = team()
    const governance = new Governance(namespaceId)
    const backwards = ops.toReversed()
    for (const op of backwards.slice(0, -1)) {
      expect(governance.receive(op)).toMatchObject({ outcome: 'pending', missing: op.parents })
    }
    expect(governance.missing(9)).toEqual([genesis.id])
    expect(governance.receive(genesis).accepted).toEqual(ops)
    expect([governance.size, governance.pendingCount, governance.heads()]).toEqual([4, 0, [ops[3]?.id]])
  })

  test('an operation is taken once, waiting or accepted', () => {
    const { ops, tip } = team()
    expect(nodeWith(ops).receive(tip).outcome).toBe('duplicate')
    expect(nodeWith([tip]).receive(tip)).toMatchObject({ outcome: 'duplicate', missing: tip.parents })
  })

  test.each([
    ['of another namespace', { namespaceId: idOf<typeof namespaceId>('other') }, 'belongs to another namespace'],
    ['that is not later than its parent', { hlc: 1n }, `is not later than its parent ${genesis.id}`],
    ['with unsorted parents', { parents: ['b', 'a'] as OpId[] }, 'parents do not ascend'],
    ['with a parent twice', { parents: [genesis.id, genesis.id] }, 'parents do not ascend'],
  ])('one %s is invalid', (_name, change, reason) => {
    const op = { ...operation({ by: bob, on: [genesis], body: joined(bob, alice) }), ...change }
    expect(nodeWith([genesis]).receive(op)).toMatchObject({ outcome: 'invalid', reason, invalid: [op.id] })
  })

  test('what builds on something refused is refused too, before or after', () => {
    const bad = operation({ by: eve, on: [genesis], body: contexted(eve, 'c') })
    const onBad = operation({ by: alice, on: [bad], body: contexted(alice, 'c') })
    const after = nodeWith([genesis, bad])
    expect(after.receive(onBad).reason).toBe(`builds on ${bad.id}, which is invalid`)
    const before = nodeWith([genesis, onBad])
    expect(before.receive(bad).invalid).toEqual([bad.id, onBad.id])
    expect([before.pendingCount, before.missing(9)]).toEqual([0, []])
    expect(nodeWith([onBad, bad]).receive(genesis)).toMatchObject({ accepted: [genesis], invalid: [bad.id, onBad.id] })
  })

  test('waiting operations that prove too early are dropped with what waits for them', () => {
    const late = operation({ by: bob, on: [genesis], body: joined(bob, alice), hlc: 9n })
    const early = operation({ by: carol, on: [late], body: joined(carol, alice), hlc: 9n })
    const onEarly = operation({ by: dave, on: [early], body: joined(dave, alice) })
    const governance = nodeWith([onEarly, early, late])
    expect(governance.pendingCount).toBe(1)
    expect(governance.receive(genesis).accepted).toEqual([genesis, late])
  })

  test('the memory of refused ids is capped; a forgotten one is refused again', () => {
    const bad = (i: number) => operation({ by: eve, on: [genesis], body: contexted(eve, 'c'), hlc: BigInt(i + 2) })
    const governance = nodeWith([genesis])
    for (let i = 0; i <= INVALID_REMEMBERED_MAX; i++) governance.receive(bad(i))
    expect(governance.receive(bad(0)).reason).toBe('the author is nobody here')
    expect(governance.receive(bad(5)).reason).toBe('was found invalid before')
  })

  test('a peer is given what it lacks, parents first', () => {
    const { ops, tip } = team()
    const side = operation({ by: alice, on: [genesis], body: contexted(alice, 'side'), hlc: 99n })
    const governance = nodeWith([...ops, side])
    expect(governance.opsNotIn([], 99)).toEqual([...ops, side])
    expect(governance.opsNotIn([tip.id], 99)).toEqual([side])
    expect(governance.opsNotIn([genesis.id, idOf<OpId>('unknown')], 2)).toEqual(ops.slice(1, 3))
    expect(governance.opsNotIn(governance.heads(), 99)).toEqual([])
  })

  test('the newest are named without a walk through all, parents first', () => {
    const { ops, tip } = team()
    const [left, right] = [described('left'), described('right')].map((body, i) =>
      operation({ by: alice, on: [tip], body, hlc: 50n + BigInt(i) }),
    )
    if (!left || !right) throw new Error('nothing is told')
    const node = nodeWith([...ops, right, left])
    expect(node.newest(3)).toEqual([tip, left, right])
    expect(node.newest(99)).toEqual([...ops, left, right])
    expect(nodeWith([]).newest(3)).toEqual([])
  })

  test('authority is judged at the cut cited, not now', () => {
    const { ops, tip } = team()
    const removal = operation({ by: alice, on: [tip], body: removed(dave) })
    const governance = nodeWith([...ops, removal])
    expect(governance.stateAt([tip.id])?.isMember(namespaceId, dave.publicKey)).toBe(true)
    expect(governance.stateAt([removal.id])?.isMember(namespaceId, dave.publicKey)).toBe(false)
    expect(governance.stateAt([removal.id, tip.id])?.isMember(namespaceId, dave.publicKey)).toBe(false)
    expect(governance.stateAt([idOf<OpId>('unknown')])).toBeUndefined()
  })
})

describe('concurrent revocations', () => {
  const { ops, tip } = team()
  const removeBob = operation({ by: alice, on: [tip], body: removed(bob) })

  test('what a removed member did before it knew is void, whichever stamp is lower', () => {
    for (const hlc of [tip.hlc + 1n, tip.hlc + 50n]) {
      const act = operation({ by: bob, on: [tip], body: contexted(bob, 'c'), hlc })
      const governance = nodeWith([...ops, removeBob, act])
      expect(governance.state().contexts.size).toBe(0)
      expect(governance.stateAt([act.id])?.contexts.size).toBe(1)
      expect(hashOf(nodeWith([...ops, act, removeBob]))).toBe(hashOf(governance))
    }
  })

  test('what it did before, seen by the remover, stands', () => {
    const act = operation({ by: bob, on: [tip], body: contexted(bob, 'c') })
    const removal = operation({ by: alice, on: [act], body: removed(bob) })
    expect(nodeWith([...ops, act, removal]).state().contexts.size).toBe(1)
  })

  test('what rested on a void act is void too: an accomplice gains nothing', () => {
    const admits = operation({ by: eve, on: [tip], body: joined(eve, bob, { role: 'Admin' }) })
    const acts = operation({ by: eve, on: [admits], body: contexted(eve, 'c') })
    const raises = operation({ by: eve, on: [acts], body: roled(dave, 'Admin') })
    const governance = nodeWith([...ops, admits, acts, raises])
    expect(governance.state().roleIn(namespaceId, dave.account)).toBe('Admin')
    governance.receive(removeBob)
    const state = governance.state()
    expect(state.contexts.size).toBe(0)
    expect(state.memberOf(eve.publicKey)).toBeUndefined()
    expect(state.roleIn(namespaceId, dave.account)).toBe('Member')
    const merge = operation({ by: alice, on: [removeBob, raises], body: contexted(alice, 'after') })
    expect(governance.receive(merge).outcome).toBe('accepted')
    expect(governance.state().contexts.size).toBe(1)
  })

  test('two admins who remove each other are both removed; the owner remains', () => {
    const one = operation({ by: bob, on: [tip], body: removed(carol) })
    const other = operation({ by: carol, on: [tip], body: removed(bob) })
    const state = nodeWith([...ops, one, other]).state()
    const roles = [alice, bob, carol].map(({ account }) => state.roleIn(namespaceId, account))
    expect(roles).toEqual(['Admin', undefined, undefined])
  })

  test('a lowered role takes away concurrent acts, a raised one gives none', () => {
    const lower = operation({ by: alice, on: [tip], body: roled(bob, 'Member') })
    const act = operation({ by: bob, on: [tip], body: roled(dave, 'Admin'), hlc: tip.hlc + 9n })
    expect(
      nodeWith([...ops, lower, act])
        .state()
        .roleIn(namespaceId, dave.account),
    ).toBe('Member')
    const raise = operation({ by: alice, on: [tip], body: roled(dave, 'Admin') })
    const tooEarly = operation({ by: dave, on: [tip], body: contexted(dave, 'c'), hlc: tip.hlc + 9n })
    expect(nodeWith([...ops, raise]).receive(tooEarly).outcome).toBe('invalid')
  })

  test('a capability that is taken is used on older cuts till its holder is removed: then all of that is void', () => {
    const may = operation({ by: alice, on: [tip], body: capable(ALL_CAPABILITIES, dave) })
    const taken = operation({ by: alice, on: [may], body: capable(0, dave) })
    const [early, late] = [may.hlc + 1n, may.hlc + 900n].map((hlc, i) =>
      operation({ by: dave, on: [may], body: contexted(dave, `c${i}`), hlc }),
    )
    if (!early || !late) throw new Error('nothing was made')
    const node = nodeWith([...ops, may, taken, late, early])
    expect(node.state().contexts.size).toBe(2)
    node.receive(operation({ by: alice, on: [taken], body: removed(dave) }))
    expect(node.state().contexts.size).toBe(0)
  })

  test('a removal that still leaves the right stands beside what was done by it', () => {
    const group = groupBy(alice, 'g')
    const made = operation({ by: alice, on: [tip], body: grouped(alice, 'g', 'open') })
    const joins = operation({ by: alice, on: [made], body: added(bob, 'Member', group) })
    const removal = operation({ by: alice, on: [joins], body: removed(bob, group) })
    const act = operation({ by: bob, on: [joins], body: contexted(bob, 'c'), hlc: 99n })
    expect(nodeWith([...ops, made, joins, removal, act]).state().contexts.size).toBe(1)
  })

  test('after being added again a member acts anew; the void act stays void', () => {
    const act = operation({ by: bob, on: [tip], body: contexted(bob, 'old'), hlc: 99n })
    const again = operation({ by: alice, on: [removeBob], body: added(bob, 'Admin') })
    const anew = operation({ by: bob, on: [again], body: contexted(bob, 'new') })
    const state = nodeWith([...ops, removeBob, act, again, anew]).state()
    expect([...state.contexts.keys()]).toEqual([contextBy(bob, 'new')])
  })

  test('a join by a concurrent invitation loses to the removal of the inviter and to that of the joiner', () => {
    const joins = operation({ by: eve, on: [tip], body: joined(eve, bob), hlc: 99n })
    expect(
      nodeWith([...ops, removeBob, joins])
        .state()
        .members.has(eve.account),
    ).toBe(false)
    const leaves = operation({ by: dave, on: [tip], body: removed(dave) })
    const returns = operation({ by: dave, on: [leaves], body: joined(dave, alice, { salt: 'new' }) })
    const kicked = operation({ by: alice, on: [tip], body: removed(dave) })
    expect(
      nodeWith([...ops, leaves, returns, kicked])
        .state()
        .members.has(dave.account),
    ).toBe(false)
  })

  test('the same thing said twice concurrently has the effect of the first', () => {
    const one = operation({ by: bob, on: [tip], body: { ...known(), size: 1 } as OpBody })
    const two = operation({ by: carol, on: [tip], body: { ...known(), size: 2 } as OpBody, hlc: one.hlc + 1n })
    expect(
      nodeWith([...ops, two, one])
        .state()
        .applications.get(secondApplication)?.size,
    ).toBe(1)
  })

  test('a founder who founds twice has founded once', () => {
    const second = operation({ by: alice, on: [], body: { ...created, name: 'other' } as OpBody, hlc: 7n })
    const onSecond = operation({ by: alice, on: [second], body: contexted(alice, 'on second') })
    const all = [...ops, second, onSecond]
    const governance = nodeWith(all)
    expect(governance.state()).toMatchObject({ name: 'team' })
    expect(governance.state().contexts.size).toBe(1)
    expect(governance.stateAt([second.id])).toMatchObject({ name: 'other' })
    expect(hashOf(nodeWith(all.toReversed()))).toBe(hashOf(governance))
  })
})

describe('long histories', () => {
  const length = LANDMARK_EVERY * 2 + CUTS_KEPT_MAX + 100
  const chain = [genesis]
  for (let i = 0; i < length; i++) {
    const on = chain.slice(-1)
    chain.push(operation({ by: alice, on, body: capable(i) }))
  }

  test('are folded once, and old cuts are still exact', () => {
    const governance = nodeWith(chain)
    const root = (index: number) =>
      governance.stateAt([chain[index + 1]?.id ?? genesis.id])?.groups.get(namespaceId)?.defaultCapabilities
    for (const index of [0, 1, LANDMARK_EVERY - 2, LANDMARK_EVERY, 700, length - 1, 3]) expect(root(index)).toBe(index)
  })

  test('a late branch from the beginning is judged at its own cut', () => {
    const governance = nodeWith(chain)
    const side = operation({ by: bob, on: [genesis], body: joined(bob, alice), hlc: 5n })
    expect(governance.receive(side).outcome).toBe('accepted')
    expect(governance.heads().length).toBe(2)
    expect(governance.state().members.size).toBe(2)
    const kick = operation({ by: alice, on: [side], body: removed(bob), hlc: 6n })
    governance.receive(kick)
    expect(governance.state().members.size).toBe(1)
    const on = governance.heads().flatMap((id) => governance.get(id) ?? [])
    const merge = operation({ by: alice, on, body: capable(1) })
    expect(governance.receive(merge).outcome).toBe('accepted')
    expect(governance.state().members.has(accountOf(bob.publicKey))).toBe(false)
  })

  test('are received backwards without recursion', () => {
    const short = chain.slice(0, 1000)
    expect(hashOf(nodeWith(short.toReversed()))).toBe(hashOf(nodeWith(short)))
  })
})
