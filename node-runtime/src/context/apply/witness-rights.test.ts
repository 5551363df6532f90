// A witness whose right to write comes and goes: what it had accepted counts all the same, and it owes its word no longer than until
// it may say it.
import { afterEach, expect, test, vi } from 'vitest'
import { toHex } from '../../base/bytes.ts'
import { shareOpenGroup } from '../../testing/open-group.ts'
import { converge, TestWorld, type WorldOptions } from '../../testing/test-nodes.ts'
import { govern } from '../namespaces/administration.ts'
import { lowerMember } from '../namespaces/membership.ts'

const NAMES = ['ada', 'bob', 'cyd', 'dan', 'eve']
const LEFT = ['ada', 'cyd', 'dan', 'eve']
const DISK_MS = 20
/** All that there are. */
const CAPABILITIES = 511

let world: TestWorld

afterEach(() => world.close())

const peers = (...names: string[]) => names.map((name) => world.get(name).peerId)
const account = (name: string) => world.get(name).node.account
/** Bob is to be removed; what it writes late reaches only cyd before. */
async function openGroup(options: WorldOptions) {
  world = await TestWorld.open(options)
  const { namespaceId, root, id } = await shareOpenGroup(world, NAMES)
  const namespace = (name: string) => world.get(name).node.namespaces.get(namespaceId)
  return {
    root,
    id,
    namespace,
    set: (name: string, key: string) => world.run(world.get(name).call(id, 'set', { key, value: name })),
    late: (name: string) => world.run(world.get(name).call(id, 'get', { key: 'late' })),
    /** Who has said what it had accepted, as `name` has it. */
    said: (name: string) =>
      namespace(name)
        .state.removalsOf(account('bob'))[0]
        ?.said?.map(({ by }) => by),
    mayWrite: (name: string) => namespace(name).state.canWrite(id, world.get(name).node.identity.publicKey),
    rights: (by: string, of: string, capabilities: number) => {
      const right = { kind: 'capabilities_set', groupId: root, account: account(of), capabilities } as const
      return govern(world.get(by).node, root, right)
    },
    role: (of: string, role: 'Admin' | 'Member') =>
      namespace('ada').submit({ kind: 'role_set', groupId: root, account: account(of), role }),
    /** What ada adds to the log meanwhile. */
    added: async (work: () => Promise<unknown>) => {
      const before = namespace('ada').heads()
      await work()
      return namespace('ada').opsNotIn(before, 10)
    },
  }
}

/** Cyd has accepted what bob wrote last, apart from the others, and has not heard yet that bob may not write. */
async function acceptedByCydAlone(group: Awaited<ReturnType<typeof openGroup>>): Promise<void> {
  const { id } = group
  await group.set('bob', 'before')
  await converge(world, id, NAMES)
  world.network.partition(peers('ada', 'dan', 'eve'), peers('bob', 'cyd'))
  await group.set('bob', 'late')
  await converge(world, id, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  await world.run(group.rights('ada', 'bob', 0))
}

test('a right that is taken and given back while all is judged by that leaves no word owed for ever', async () => {
  let lagMs = 0
  const retention = { checkpointMin: 4, revisionMax: 2 }
  const group = await openGroup({ seed: 'owing', retention, lagMs: (of) => (of === 'disk' ? lagMs : 0) })
  const { root, id, namespace, said } = group
  await group.set('bob', 'before')
  await converge(world, id, NAMES)
  world.network.partition(peers('ada', 'dan', 'eve'), peers('bob', 'cyd'))
  await group.set('bob', 'late')
  for (let i = 0; i < 6; i += 1) await group.set('cyd', `on ${i}`)
  await converge(world, id, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  await world.run(group.rights('ada', 'bob', 0))
  await world.until('ada has said', () => said('ada') !== undefined)
  world.network.heal()
  await world.until('cyd has heard', () => said('cyd') !== undefined)
  world.network.partition(peers('ada', 'dan', 'eve'), peers('cyd'))
  await world.until('cyd has said', () => said('cyd')?.includes(account('cyd')) ?? false)
  await world.pass(5000)
  // Beside that: without a right it is no witness.
  const taken = await world.run(group.added(() => lowerMember(world.get('ada').node, root, account('cyd'))))
  const given = await world.run(group.added(() => group.role('cyd', 'Member')))
  const context = world.get('cyd').node.contexts.opened(id)
  lagMs = DISK_MS
  await world.run(namespace('cyd').receive(taken, undefined))
  await world.until('cyd judges by that', () => context?.waiting().revising ?? false)
  await world.run(namespace('cyd').receive(given, undefined))
  expect([group.mayWrite('cyd'), context?.waiting().revising]).toEqual([true, true])
  await world.pass(20_000)
  lagMs = 0
  world.network.heal()
  await world.pass(60_000)
  for (let i = 0; i < 4; i += 1) await group.set('dan', `more ${i}`)
  await world.pass(120_000)
  await converge(world, id, LEFT)
  const beat = context?.beat()
  expect(beat && toHex(beat.removals)).toBe(toHex(namespace('cyd').judgement(id)))
  for (const name of LEFT) {
    const count = world.get(name).node.contexts.opened(id)?.checkpoint()?.checkpoint.count
    expect([name, await group.late(name), (count ?? 0) > 0]).toEqual([name, 'bob', true])
  }
})

// At once: the log has taken that, too, before the witness sees that its word was refused.
test.each(['later', 'at once'])(
  'a word that is refused for want of the right is said when that is given back %s',
  async (when) => {
    const group = await openGroup({ seed: 'refused' })
    const { id, namespace, said } = group
    await acceptedByCydAlone(group)
    await world.until('ada has said', () => said('ada') !== undefined)
    const heard = namespace('ada').opsNotIn(namespace('cyd').heads(), 100)
    const taken = await world.run(group.added(() => group.rights('ada', 'cyd', 0)))
    const give = () => group.added(() => group.rights('ada', 'cyd', CAPABILITIES))
    const given = when === 'at once' ? await world.run(give()) : []
    // The log is at what ada has made, and our word comes behind that.
    const log = namespace('cyd')
    const submit = log.submit.bind(log)
    const submitted = vi.spyOn(log, 'submit').mockImplementationOnce(async (body) => {
      await log.receive(taken, undefined)
      const word = submit(body)
      await Promise.allSettled([word, log.receive(given, undefined)])
      return word
    })
    await world.run(log.receive(heard, undefined))
    await world.until('cyd was to say it', () => submitted.mock.calls.length > 0)
    world.network.heal()
    await world.pass(60_000)
    if (when === 'later') {
      expect([group.mayWrite('cyd'), said('ada')?.includes(account('cyd'))]).toEqual([false, false])
      await world.run(give())
    }
    await world.pass(120_000)
    await converge(world, id, LEFT)
    expect(said('ada')).toContain(account('cyd'))
    for (const name of LEFT) expect([name, await group.late(name)]).toEqual([name, 'bob'])
  },
)

test('what a witness had accepted counts, also where it heard at once that its right was taken, and that is void', async () => {
  const group = await openGroup({ seed: 'void' })
  const { id, said } = group
  await world.run(group.role('dan', 'Admin'))
  await world.pass(5000)
  await acceptedByCydAlone(group)
  await world.until('dan knows what ada had', () => said('dan') !== undefined)
  world.network.partition(peers('ada', 'eve'), peers('dan'), peers('cyd'))
  await world.run(group.rights('dan', 'cyd', 0))
  // Beside that: dan had no right to do it.
  await world.run(group.role('dan', 'Member'))
  world.network.partition(peers('ada', 'eve'), peers('dan', 'cyd'))
  await world.until('cyd has heard', () => said('cyd') !== undefined)
  await world.pass(10_000)
  expect(group.mayWrite('cyd')).toBe(false)
  world.network.heal()
  await world.pass(120_000)
  await converge(world, id, LEFT)
  expect([group.mayWrite('cyd'), said('ada')?.includes(account('cyd'))]).toEqual([true, true])
  for (const name of LEFT) expect([name, await group.late(name)]).toEqual([name, 'bob'])
})
