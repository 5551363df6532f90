// Proposals of a context: who makes and approves them, how many are enough, and what each action does.
import { expect, test } from 'vitest'
import { type Bytes, concat, fromUtf8, utf8 } from '../../base/bytes.ts'
import type { ProposalId } from '../../base/ids.ts'
import type { OpBody, Operation } from '../../base/operations.ts'
import { PROPOSALS_ACTIVE_MAX, PROPOSALS_DONE_KEPT, PROPOSED_VALUES_MAX } from '../limits.ts'
import { readActions } from '../proposals.ts'
import { Story } from '../testing/story.fixture.ts'
import {
  alice,
  approved,
  bob,
  bytesOf,
  carol,
  contextBy,
  contexted,
  dave,
  detached,
  eve,
  genesis,
  hashOf,
  idOf,
  joined,
  namespaceId,
  nodeWith,
  operation,
  type Person,
  proposed,
  removed,
  roled,
} from '../testing/world.fixture.ts'

const contextId = contextBy(alice, 'c')

const u32 = (value: number): Bytes => new Uint8Array(Uint32Array.of(value).buffer)
const some = (bytes: Bytes): Bytes => concat([u32(bytes.byteLength), bytes])
const actions = (...list: Bytes[]): Bytes => concat([u32(list.length), ...list])
const setNeeded = (count: number) => concat([Uint8Array.of(2), u32(count)])
const setLimit = (count: number) => concat([Uint8Array.of(3), u32(count)])
const setValue = (key: string, value: string) => concat([Uint8Array.of(4), some(utf8(key)), some(utf8(value))])
const deleting = (label: string) => concat([Uint8Array.of(5), bytesOf(label)])
const transfer = concat([Uint8Array.of(1), some(utf8('bob.near')), u32(5), u32(0), u32(0), u32(1)])
const callOut = concat([Uint8Array.of(0), ...['shop', 'buy', '{}'].map((text) => some(utf8(text))), new Uint8Array(16)])
const ONE = actions(transfer)

/** Alice, bob, carol and dave write in a context; eve is nobody. */
const world = () =>
  new Story(
    [alice, contexted(alice, 'c')],
    [bob, joined(bob, alice)],
    [carol, joined(carol, alice)],
    [dave, joined(dave, alice)],
  )

/** The operation that has proposed under this label, the last of several. */
function madeAs(story: Story, label: string): Operation {
  const op = story.ops.findLast(({ body }) => body.kind === 'proposal_made' && body.proposalId === idOf(label))
  if (op === undefined) throw new Error(`nobody has proposed ${label}`)
  return op
}

const proposalsOf = (story: Story) => story.state.contexts.get(contextId)?.proposals
const activeOf = (story: Story) => proposalsOf(story)?.active.map(({ id }) => id)
const doneOf = (story: Story) => proposalsOf(story)?.done.map(({ id }) => id)
const ids = (...labels: string[]) => labels.map((label) => idOf<ProposalId>(label))

test('three approvals, the author’s among them, carry a proposal out; then it waits no longer', () => {
  const story = world().does(bob, proposed('p', contextId, ONE))
  const p = madeAs(story, 'p')
  story.does(alice, approved(p, contextId))
  expect(proposalsOf(story)?.active).toEqual([
    expect.objectContaining({ author: bob.publicKey, actions: ONE, approvals: [bob.publicKey, alice.publicKey] }),
  ])
  expect(story.refuses(alice, approved(p, contextId))).toBe('this member has approved it already')
  story.does(carol, approved(p, contextId))
  expect([activeOf(story), doneOf(story)]).toEqual([[], ids('p')])
  expect(proposalsOf(story)?.done[0]).toMatchObject({ author: bob.publicKey, actions: ONE, by: story.ops.at(-1)?.id })
  expect(story.refuses(dave, approved(p, contextId))).toBe('no such proposal waits for approval')
  expect(story.refuses(bob, proposed('p', contextId, ONE))).toBe('there is a proposal of this id')
})

test('where fewer may write than are needed, all of them are enough', () => {
  const two = new Story([alice, contexted(alice, 'c')], [bob, joined(bob, alice)])
  two.does(alice, proposed('p', contextId, ONE))
  expect(activeOf(two)).toEqual(ids('p'))
  two.does(bob, approved(madeAs(two, 'p'), contextId))
  expect(doneOf(two)).toEqual(ids('p'))
  const one = new Story([alice, contexted(alice, 'c')]).does(alice, proposed('p', contextId, ONE))
  expect(doneOf(one)).toEqual(ids('p'))
})

test('only who may write in the context takes part, and approvals of others count no longer', () => {
  const story = world()
  expect(story.refuses(eve, proposed('p', contextId))).toMatch(/only who may write/)
  story.does(alice, roled(dave, 'ReadOnly'))
  expect(story.refuses(dave, proposed('p', contextId))).toMatch(/only who may write/)
  expect(story.refuses(bob, proposed('p', contextBy(bob, 'none')))).toBe('no such context')
  story.does(bob, proposed('p', contextId, ONE))
  story.does(carol, approved(madeAs(story, 'p'), contextId))
  story.does(alice, removed(carol)).does(alice, roled(dave, 'Member'))
  story.does(dave, approved(madeAs(story, 'p'), contextId))
  expect(activeOf(story)).toEqual(ids('p'))
  story.does(alice, approved(madeAs(story, 'p'), contextId))
  expect(doneOf(story)).toEqual(ids('p'))
})

test('actions set how many are needed and may wait, set values, and take other proposals away', () => {
  const story = world()
  const pass = (label: string, ...list: Bytes[]) => {
    story.does(alice, proposed(label, contextId, actions(...list)))
    for (const who of [bob, carol])
      if (activeOf(story)?.includes(idOf(label))) story.does(who, approved(madeAs(story, label), contextId))
  }
  story.does(bob, proposed('waits', contextId, ONE))
  pass('settings', setValue('b', '1'), setValue('a', '2'), setValue('b', '3'), setLimit(2), deleting('waits'), callOut)
  expect(proposalsOf(story)).toMatchObject({ activeMax: 2, approvalsNeeded: 3, active: [] })
  expect(proposalsOf(story)?.values).toEqual([
    { key: utf8('a'), value: utf8('2') },
    { key: utf8('b'), value: utf8('3') },
  ])
  story.does(alice, proposed('1', contextId, ONE)).does(alice, proposed('2', contextId, ONE))
  expect(story.refuses(alice, proposed('3', contextId, ONE))).toBe(
    '2 proposals of the author wait for approval already',
  )
  for (const who of [bob, carol]) story.does(who, approved(madeAs(story, '1'), contextId))
  pass('one is enough', setNeeded(1), setLimit(1_000_000))
  expect(proposalsOf(story)).toMatchObject({ approvalsNeeded: 1, activeMax: PROPOSALS_ACTIVE_MAX })
  for (let index = 2; index < PROPOSED_VALUES_MAX; index += 1) pass(`v${index}`, setValue(`v${index}`, 'x'))
  expect(proposalsOf(story)?.values).toHaveLength(PROPOSED_VALUES_MAX)
  expect(story.refuses(bob, proposed('more', contextId, actions(setValue('more', 'x'))))).toMatch(/no room/)
  pass('again', setValue('a', 'y'))
  expect(proposalsOf(story)?.values[0]).toEqual({ key: utf8('a'), value: utf8('y') })
  expect(doneOf(story)).toHaveLength(PROPOSALS_DONE_KEPT)
})

test('what is no list of actions is refused', () => {
  const story = world()
  const wrong = [
    new Uint8Array(0),
    actions(),
    actions(Uint8Array.of(9)),
    ONE.subarray(0, -1),
    concat([ONE, Uint8Array.of(0)]),
    concat([u32(2), transfer]),
    concat([u32(65), ...Array.from({ length: 65 }, () => setNeeded(1))]),
    actions(concat([Uint8Array.of(1), some(Uint8Array.of(0xff, 0xfe)), new Uint8Array(16)])),
    u32(0xff_ff_ff_ff),
  ]
  for (const bytes of wrong) expect(story.refuses(bob, proposed('p', contextId, bytes))).toBe('the actions are none')
  expect(readActions(actions(transfer, callOut))).toEqual([
    { kind: 'Transfer', receiver: 'bob.near', amount: (1n << 96n) + 5n },
    { kind: 'ExternalFunctionCall', receiver: 'shop', method: 'buy', args: '{}', deposit: 0n },
  ])
})

test('they go with their context, and a namespace where nothing was proposed hashes as before', () => {
  const before = world()
  const story = world().does(bob, proposed('p', contextId, ONE))
  expect(story.state.groupStateHash(namespaceId)).not.toBe(before.state.groupStateHash(namespaceId))
  story.does(alice, detached(contextId))
  expect(proposalsOf(story)).toBeUndefined()
  expect(story.refuses(bob, approved(madeAs(story, 'p'), contextId))).toBe('no such context')
})

/** What has happened to all, and what then happens in branches. */
class Fork {
  readonly ops: Operation[]
  readonly base: Operation

  constructor(story: Story = world()) {
    this.ops = [genesis, ...story.ops]
    this.base = story.ops.at(-1) ?? genesis
  }

  /** On `on`, by default where the branches begin; stamped so much later than there. */
  does(by: Person, body: OpBody, { on = [this.base], after }: { on?: Operation[]; after?: bigint } = {}): Operation {
    const stamp = after === undefined ? {} : { hlc: this.base.hlc + after }
    const op = operation({ by, on, body, ...stamp })
    this.ops.push(op)
    return op
  }

  /** The same in whatever order all arrives. */
  get proposals() {
    const [forth, back] = [nodeWith(this.ops), nodeWith([...this.ops].reverse())]
    expect(hashOf(back)).toBe(hashOf(forth))
    expect(forth.size).toBe(this.ops.length)
    return forth.state().contexts.get(contextId)?.proposals
  }
}

const owner = (name: string) => actions(setValue('owner', name))
const valuesOf = (fork: Fork) => fork.proposals?.values.map(({ value }) => fromUtf8(value))

test.each([
  ['its author', bob],
  ['another', dave],
])('an approval is of the actions it was given for, whatever %s puts before them under their id', (_, who) => {
  const fork = new Fork()
  const good = fork.does(bob, proposed('p', contextId, owner('alice')), { after: 100n })
  const first = fork.does(alice, approved(good, contextId), { on: [good] })
  fork.does(carol, approved(good, contextId), { on: [first] })
  expect(valuesOf(fork)).toEqual(['alice'])
  const twin = fork.does(who, proposed('p', contextId, owner(who.publicKey)), { after: 1n })
  expect(valuesOf(fork)).toEqual(['alice'])
  expect(fork.proposals?.active).toMatchObject([{ op: twin.id, approvals: [who.publicKey] }])
  expect(fork.proposals?.done).toMatchObject([{ op: good.id }])
})

test('what its author adds or takes back with earlier stamps does not undo what others have approved', () => {
  const fork = new Fork()
  const good = fork.does(bob, proposed('p', contextId, owner('alice')), { after: 100n })
  const first = fork.does(alice, approved(good, contextId), { on: [good], after: 200n })
  fork.does(carol, approved(good, contextId), { on: [first] })
  fork.does(bob, proposed('back', contextId, actions(deleting('p'))), { on: [good], after: 101n })
  for (let i = 1n; i < 90n; i += 1n) fork.does(bob, proposed(`${i}`, contextId, ONE), { after: i })
  expect(valuesOf(fork)).toEqual(['alice'])
})

test('an author has as many waiting as may be, and others theirs; it can take its own back, and only its own', () => {
  const story = world()
  for (let i = 0; i < 10; i += 1) story.does(dave, proposed(`spam ${i}`, contextId, ONE))
  const full = '10 proposals of the author wait for approval already'
  expect(story.refuses(dave, proposed('more', contextId, ONE))).toBe(full)
  story.does(alice, proposed('theirs', contextId, ONE))
  expect(story.refuses(dave, proposed('not its own', contextId, actions(deleting('theirs'))))).toBe(full)
  expect(story.refuses(dave, proposed('none', contextId, actions(deleting('none'))))).toMatch(/does not wait/)
  story.does(dave, proposed('back', contextId, actions(deleting('spam 3'))))
  expect(activeOf(story)).toHaveLength(10)
  expect(activeOf(story)).not.toContain(idOf('spam 3'))
  story.does(alice, removed(dave))
  expect(activeOf(story)).toEqual(ids('theirs'))
  for (const who of [bob, carol]) story.does(who, approved(madeAs(story, 'theirs'), contextId))
  story.does(alice, proposed('no limit', contextId, actions(setLimit(0))))
  for (const who of [bob, carol]) story.does(who, approved(madeAs(story, 'no limit'), contextId))
  expect(proposalsOf(story)?.activeMax).toBe(1)
})

test('what waits is judged again when fewer may write, or fewer are needed', () => {
  const story = world()
  story.does(alice, proposed('p', contextId, ONE)).does(alice, proposed('q', contextId, ONE))
  for (const label of ['p', 'q']) story.does(bob, approved(madeAs(story, label), contextId))
  const fork = new Fork(story)
  fork.does(alice, removed(carol), { after: 1n })
  expect(fork.proposals?.done).toEqual([])
  const lowered = fork.does(alice, roled(dave, 'ReadOnly'), { after: 2n })
  expect(fork.proposals?.done).toMatchObject([
    { id: idOf('p'), by: lowered.id },
    { id: idOf('q'), by: lowered.id },
  ])
})

test('fewer needed carries out what has as many', () => {
  const story = world()
  story.does(bob, proposed('waits', contextId, ONE)).does(alice, proposed('fewer', contextId, actions(setNeeded(1))))
  for (const who of [bob, carol]) story.does(who, approved(madeAs(story, 'fewer'), contextId))
  expect(doneOf(story)).toEqual(ids('fewer', 'waits'))
})

test('of values that concurrent proposals set, those without room are told', () => {
  const story = world()
  const keys = Array.from({ length: PROPOSED_VALUES_MAX - 1 }, (_, i) => setValue(`${i}`, 'x'))
  story.does(alice, proposed('all', contextId, actions(...keys)))
  for (const who of [bob, carol]) story.does(who, approved(madeAs(story, 'all'), contextId))
  const fork = new Fork(story)
  const both = [alice, bob].map((who) =>
    fork.does(who, proposed(who.publicKey, contextId, actions(setValue(who.publicKey, 'x')))),
  )
  let on = both
  for (const made of both)
    for (const who of [alice, bob, carol].filter((each) => each.publicKey !== made.author))
      on = [fork.does(who, approved(made, contextId), { on })]
  expect(fork.proposals?.values).toHaveLength(PROPOSED_VALUES_MAX)
  expect(fork.proposals?.done.map(({ left }) => left)).toEqual([undefined, undefined, [0]])
})
