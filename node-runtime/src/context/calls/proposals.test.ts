// What guests of older applications propose and approve: kept in the log of the namespace, whoever runs them.
import { afterEach, expect, test } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { idBytes, idFromBytes, type ProposalId } from '../../base/ids.ts'
import { compileGuest } from '../../runtime/testing/test-guests.ts'
import { type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { PROPOSED_BURST, PROPOSED_BYTES_MAX, PROPOSED_EVERY_MS } from '../limits.ts'
import { operationsOf, ProposalPace } from './taking-part.ts'

/** That three are needed: what is so already. */
const ACTIONS = Uint8Array.of(1, 0, 0, 0, 2, 3, 0, 0, 0)

let world: TestWorld
let shared: SharedContext
afterEach(() => world.close())

async function open(...names: string[]): Promise<void> {
  world = await TestWorld.open()
  shared = await shareContext(world, (await compileGuest('probe')).bytes, names)
}

async function call(name: string, method: string, input: Uint8Array) {
  const context = await world.get(name).context(shared.contextId)
  return world.run(context.call({ method, input }))
}

const proposalsAt = (name: string) =>
  world.get(name).node.namespaces.get(shared.namespaceId).state.contexts.get(shared.contextId)?.proposals

test('a call proposes, calls on other nodes approve, and what was enough carries it out everywhere', async () => {
  await open('ada', 'bob', 'carol')
  const { value = new Uint8Array(0) } = await call('ada', 'propose_input', ACTIONS)
  const id = idFromBytes<ProposalId>(value)
  for (const name of ['bob', 'carol']) {
    await world.until(`${name} to hear of it`, () => proposalsAt(name)?.active.some((each) => each.id === id) === true)
    await call(name, 'approve_input', idBytes(id))
  }
  for (const name of ['ada', 'bob', 'carol']) {
    await world.until(`${name} to have carried it out`, () => proposalsAt(name)?.done.length === 1)
    expect(proposalsAt(name)).toMatchObject({ active: [], done: [{ id, actions: ACTIONS }] })
  }
})

test('a call whose proposal or approval is refused fails, and leaves no trace', async () => {
  await open('ada', 'bob')
  const unknown = idBytes(shared.contextId)
  const { namespaces } = world.get('ada').node
  const context = await world.get('ada').context(shared.contextId)
  const seen = () => [namespaces.get(shared.namespaceId).heads(), context.heads(), context.root]
  const before = seen()
  for (const [method, input, code] of [
    ['propose_input', utf8('no actions'), 'NOT_ALLOWED'],
    ['approve_input', unknown, 'PROPOSAL_NOT_FOUND'],
  ] as const) {
    await expect(call('ada', method, input)).rejects.toMatchObject({ code })
  }
  expect(proposalsAt('ada')).toBeUndefined()
  expect(seen()).toEqual(before)
})

test('what a namespace refuses of several operations, it refuses of all, and what cannot be stored never was', async () => {
  await open('ada', 'bob')
  const namespace = world.get('ada').node.namespaces.get(shared.namespaceId)
  const { contextId } = shared
  const [one, two] = [Uint8Array.of(1), Uint8Array.of(2)].map((seed) => {
    const proposalId = idFromBytes<ProposalId>(new Uint8Array(32).fill(seed[0] ?? 0))
    return { kind: 'proposal_made' as const, contextId, proposalId, actions: ACTIONS }
  })
  if (!one || !two) throw new Error('there are two')
  const stored: number[] = []
  const commit = async (rows: readonly unknown[]) => void stored.push(rows.length)
  const heads = namespace.heads()
  await expect(world.run(namespace.submitAll([one, two, one], commit))).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
  const lost = namespace.submitAll([one, two], () => Promise.reject(new Error('the store is full')))
  await expect(world.run(lost)).rejects.toThrow('the store is full')
  expect([stored, namespace.heads(), proposalsAt('ada')]).toEqual([[], heads, undefined])
  await world.run(namespace.submitAll([one, two], commit))
  expect([stored, proposalsAt('ada')?.active.length]).toEqual([[2], 2])
})

test('calls propose no more than so much at once, and so often', () => {
  const pace = new ProposalPace()
  pace.take(PROPOSED_BURST, 1_000)
  expect(() => pace.take(1, 1_000)).toThrow('too often')
  pace.take(1, 1_000 + PROPOSED_EVERY_MS)
  expect(() => pace.take(1, 1_000)).toThrow('too often')
  const large = { id: new Uint8Array(32), actions: new Uint8Array(PROPOSED_BYTES_MAX + 1) }
  const place = { contextId: shared.contextId, proposals: undefined }
  expect(() => operationsOf({ proposals: [large], approvals: [] }, place)).toThrow('bytes at most')
})
