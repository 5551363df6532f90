// What guests of older applications propose and approve: kept in the log of the namespace, whoever runs them.
import { afterEach, expect, test } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { idBytes, idFromBytes, type ProposalId } from '../../base/ids.ts'
import { compileGuest } from '../../runtime/testing/test-guests.ts'
import { type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'

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
  for (const [method, input] of [
    ['propose_input', utf8('no actions')],
    ['approve_input', unknown],
  ] as const) {
    await expect(call('ada', method, input)).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
  }
  expect(proposalsAt('ada')).toBeUndefined()
})
