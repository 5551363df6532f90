// Where two states differ that should not: the entries that do are named in the log and where operators look, whatever the member does.
import { describe, expect, it } from 'vitest'
import { type Bytes, utf8 } from '../../base/bytes.ts'
import { type ContextId, idFromBytes, type PublicKey } from '../../base/ids.ts'
import { silentLogger } from '../../base/log.ts'
import { recordKey } from '../../crdt/state-keys.ts'
import { ContextState } from '../../storage/context-state.ts'
import { commit } from '../../storage/state-fixture.ts'
import type { TreeDifference } from '../../storage/tree-diff.ts'
import { TreeView } from '../../storage/tree-view.ts'
import { memoryStore } from '../../store/memory.ts'
import { SYNC_PROTOCOL } from '../../sync/conversation.ts'
import { DIFF_ENTRIES_MAX, TREE_HELD_MS, TREES_HELD_PEER_MAX } from '../../sync/limits.ts'
import { topicName } from '../../sync/topics.ts'
import { call, contextOf, damage, messages, set } from '../../testing/bad-disk.ts'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { encodeGossip, signHeads } from '../../wire/gossip.ts'
import { type SyncRequest, syncFrameMessage, syncRequestMessage } from '../../wire/sync-messages.ts'
import { removeMember } from '../namespaces/membership.ts'
import { Divergences } from './divergences.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob'] as const
const LOCATED = 'state diverged: these entries differ'
const REFUSAL = 'in the words of a peer'
const FALSE = 'state diverged: a member does not show the state of the root that it has signed'

const located = ({ world }: Scene, name: string) =>
  world.get(name).log.entries.filter(({ message }) => message === LOCATED)
const shownOf = ({ world, shared }: Scene, name: string) =>
  world.get(name).node.contexts.opened(shared.contextId)?.waiting().divergence

/** Of bob the totals of counters are wrong, as one write more will show in its root. */
async function damaged(keys = 3): Promise<Scene> {
  const scene = await share('mixed', NAMES)
  for (let i = 0; i < keys; i += 1) await set(scene, 'ada', `k${i}`)
  for (const name of NAMES) await call(scene, name, 'hit')
  await converge(scene.world, scene.shared.contextId, NAMES)
  const wrong = (rows: readonly (readonly [Bytes, Bytes])[]) =>
    rows.filter(([key]) => key.at(-1) === 't'.charCodeAt(0)).map(([key]) => ({ type: 'del', key }) as const)
  await scene.world.run(scene.world.get('bob').stop())
  await damage(scene, 'state', wrong)
  await scene.world.start('bob')
  return scene
}

/** To a request of the tree: items, a refusal, or nothing at all. */
type Answer = (request: SyncRequest) => readonly Bytes[] | 'busy' | undefined

/** From now on the node answers what is asked of its tree so. Returns what it was asked. */
function answering(scene: Scene, name: string, answer: Answer): SyncRequest[] {
  const asked: SyncRequest[] = []
  scene.world.get(name).node.ports.network.handle(SYNC_PROTOCOL, async (_peer, stream) => {
    for await (const bytes of stream.frames) {
      const request = syncRequestMessage.decode(bytes)
      const isTree = request.t === 'tree' || request.t === 'names'
      if (isTree) asked.push(request)
      const items = isTree ? answer(request) : []
      if (items === undefined) return new Promise<void>(() => {})
      if (items === 'busy') {
        await stream.send(syncFrameMessage.encode({ t: 'refused', code: 'busy', message: REFUSAL }))
        continue
      }
      if (items.length > 0) await stream.send(syncFrameMessage.encode({ t: 'items', items }))
      await stream.send(syncFrameMessage.encode({ t: 'end', more: false }))
    }
  })
  return asked
}

describe('a record that is wrong here and right there', () => {
  it('is named in the log, and no more among what waits once the states are equal', async () => {
    const scene = await damaged(200)
    const { world, shared } = scene
    await call(scene, 'ada', 'hit')
    const { root } = await contextOf(scene, 'ada')
    await world.until('it to be located', () => located(scene, 'bob').length > 0)
    const [entry] = located(scene, 'bob')
    expect(entry).toMatchObject({
      level: 'error',
      fields: {
        contextId: shared.contextId,
        member: world.get('ada').node.identity.publicKey,
        heads: [expect.stringMatching(/^[0-9a-f]{64}$/)],
        root: expect.stringMatching(/^[0-9a-f]{64}$/),
        theirRoot: root,
        entries: [
          {
            what: expect.stringMatching(/^total of \w+ [0-9a-f]{32}…$/),
            in: 'both',
            key: expect.stringMatching(/74$/),
            keyHash: expect.any(String),
            hash: expect.any(String),
            theirHash: expect.any(String),
          },
        ],
        more: false,
      },
    })
    await world.pass(20_000)
    await converge(world, shared.contextId, NAMES)
    expect(await call(scene, 'bob', 'hit_count')).toBe(3)
    expect([shownOf(scene, 'ada'), shownOf(scene, 'bob')]).toEqual([undefined, undefined])
  })
})

describe('a difference that is gone', () => {
  it('is shown no more, whatever is written while the member is away', async () => {
    const scene = await damaged()
    const { world, shared } = scene
    await call(scene, 'ada', 'hit')
    await world.until('it to be located', () => located(scene, 'bob').length > 0)
    await world.pass(20_000)
    await converge(world, shared.contextId, NAMES)
    // As nobody asks, nothing is forgotten by the asking.
    await world.run(world.get('ada').stop())
    await set(scene, 'bob', 'alone')
    expect(shownOf(scene, 'bob')).toBeUndefined()
    await world.start('ada')
    await converge(world, shared.contextId, NAMES)
    await set(scene, 'bob', 'with ada')
    expect(shownOf(scene, 'bob')).toBeUndefined()
  })

  it('as its member was removed is shown no more', async () => {
    const scene = await damaged()
    const { world, shared } = scene
    await call(scene, 'ada', 'hit')
    await world.until('it to be located', () => located(scene, 'ada').length > 0)
    const bob = world.get('bob').node
    await world.run(world.get('bob').stop())
    await world.pass(10_000)
    await set(scene, 'ada', 'alone')
    expect(shownOf(scene, 'ada')).toMatchObject({ member: bob.identity.publicKey })
    await world.run(removeMember(world.get('ada').node, shared.namespaceId, bob.account))
    expect(shownOf(scene, 'ada')).toBeUndefined()
  })
})

describe('a member that has another root', () => {
  it('and does not answer holds up nothing: the state is folded anew at once', async () => {
    const scene = await damaged()
    const { world } = scene
    answering(scene, 'ada', () => undefined)
    await contextOf(scene, 'bob')
    const now = () => world.get('bob').node.contexts.opened(scene.shared.contextId)
    const before = now()
    await call(scene, 'ada', 'hit')
    await world.until('bob to doubt', () => messages(scene, 'bob').length > 0)
    const doubtedMs = world.clock.nowMs()
    await world.until('bob to fold anew', () => now() !== undefined && now() !== before)
    expect(await call(scene, 'bob', 'hit_count')).toBe(3)
    expect(world.clock.nowMs() - doubtedMs).toBeLessThan(5_000)
    await world.pass(40_000)
    expect(located(scene, 'bob')).toEqual([])
  })

  it('and shows a tree that is not that of its root is said to do so', async () => {
    const scene = await damaged()
    const asked = answering(scene, 'ada', () => [Uint8Array.of(0)])
    await call(scene, 'ada', 'hit')
    await scene.world.until('it to be said', () => messages(scene, 'bob').includes(FALSE))
    expect(asked).toMatchObject([{ t: 'tree', paths: [''] }])
    const [said] = scene.world.get('bob').log.entries.filter(({ message }) => message === FALSE)
    expect(said?.fields).toMatchObject({ entries: [], more: true, error: expect.stringContaining('another hash') })
  })
})

/** Ada says to have something else: what it answers of its tree is of that, where `answer` says nothing else. */
async function claiming(answer: (request: SyncRequest, own: readonly Bytes[]) => ReturnType<Answer>) {
  const scene = await share('mixed', NAMES)
  const { world, shared } = scene
  const store = memoryStore()
  const state = ContextState.open(store, shared.contextId)
  const transaction = state.begin()
  const key = recordKey(new Uint8Array(32).fill(7), 1, 'e', utf8('mine'))
  transaction.apply([{ key, value: utf8('v') }])
  await commit(store, transaction)
  const view = TreeView.open(store, shared.contextId, state.root)
  const asked = answering(scene, 'ada', (request) => {
    return answer(request, [request.t === 'names' ? key : (view?.encoded('') ?? new Uint8Array(0))])
  })
  await call(scene, 'ada', 'hit')
  await converge(world, shared.contextId, NAMES)
  const bob = await contextOf(scene, 'bob')
  const { node } = world.get('ada')
  const { root } = state
  const facts = { contextId: shared.contextId, heads: bob.heads(), root, removals: bob.removals ?? new Uint8Array() }
  const say = async () => {
    const beat = signHeads({ ...facts, hlc: BigInt(world.clock.nowMs() + 1000) * 1_000_000n }, node.identity)
    const topic = topicName({ kind: 'context', id: shared.contextId })
    await world.run(node.ports.network.publish(topic, encodeGossip({ t: 'heads', ...beat })))
  }
  return { scene, asked, say, root, member: node.identity.publicKey }
}

it('what a member keeps saying to be another state is shown among what waits, until its word is ours', async () => {
  const { scene, asked, say, root, member } = await claiming((_, own) => own)
  const { world } = scene
  await say()
  await world.until('it to be located', () => located(scene, 'bob').length > 0)
  expect(asked.map(({ t }) => t)).toEqual(['tree', 'names'])
  await world.pass(5000)
  const shown = shownOf(scene, 'bob')
  expect(shown).toMatchObject({ member, theirRoot: root, more: false })
  expect(shown?.entries).toContainEqual({
    what: 'element "mine" of UnorderedMap 07070707070707070707070707070707…',
    in: 'there',
    key: expect.any(String),
    keyHash: expect.any(String),
    theirHash: expect.any(String),
  })
  expect(shown?.entries.filter((each) => each.in === 'here').length).toBe((shown?.entries.length ?? 0) - 1)
  // Once more on what was folded anew, and not each time that it is said.
  for (let said = 0; said < 3; said += 1) {
    await say()
    await world.pass(5000)
  }
  expect(located(scene, 'bob')).toHaveLength(2)
  await call(scene, 'ada', 'hit')
  await world.until('it to be settled', () => shownOf(scene, 'bob') === undefined)
})

it.each([
  ['are refused', 'busy'],
  ['do not come', undefined],
] as const)('what differs is told by hashes where the keys %s', async (_how, names) => {
  const { scene, asked, say } = await claiming(({ t }, own) => (t === 'names' ? names : own))
  await say()
  await scene.world.until('it to be located', () => located(scene, 'bob').length > 0)
  expect(asked.map(({ t }) => t)).toContain('names')
  const [said] = located(scene, 'bob')
  expect(said?.fields.entries).toContainEqual({
    what: 'an entry whose key was not found',
    in: 'there',
    keyHash: expect.any(String),
    theirHash: expect.any(String),
  })
  expect(said?.fields.entries).toContainEqual(expect.objectContaining({ in: 'here', key: expect.any(String) }))
})

it('the words of a member that refuses are not told further', async () => {
  const { scene, say } = await claiming(() => 'busy')
  await say()
  await scene.world.until('it to be refused', () => shownOf(scene, 'bob') !== undefined)
  expect(shownOf(scene, 'bob')?.error).toBe('the member refused: busy')
})

it('what was folded anew is looked at once, also where the look at what was there before had to end first', async () => {
  let trees = 0
  const { scene, say } = await claiming(({ t }, own) => {
    if (t === 'tree') trees += 1
    return trees === 1 ? undefined : own
  })
  // The first look lasts half a minute.
  for (let said = 0; said < 8; said += 1) {
    await say()
    await scene.world.pass(5000)
  }
  expect(located(scene, 'bob')).toHaveLength(1)
  expect(trees).toBe(2)
})

describe('what was found of one member', () => {
  const contextId = idFromBytes<ContextId>(new Uint8Array(32))
  const [bob, cyd] = [1, 2].map((byte) => idFromBytes<PublicKey>(new Uint8Array(32).fill(byte)))

  /** Of bob an entry is found, of cyd nothing. */
  async function found() {
    if (!bob || !cyd) throw new Error('there are two')
    const store = memoryStore()
    const { root } = ContextState.open(store, contextId)
    const difference: TreeDifference = { entries: [{ keyHash: new Uint8Array(32), ours: utf8('a') }], isMore: false }
    const compareTrees = async (_: ContextId, { member }: { readonly member: PublicKey }) => {
      if (member === cyd) throw new Error('the member is not connected')
      return difference
    }
    const divergences = new Divergences({ store, outbound: { compareTrees }, log: silentLogger })
    const look = (member: PublicKey) => {
      divergences.locate(contextId, { member, ours: root, theirs: root, heads: [] })
    }
    const rest = () => new Promise((resolve) => setImmediate(resolve))
    look(bob)
    await rest()
    const shown = () => divergences.of(contextId)
    expect(shown()).toMatchObject({ member: bob, entries: [{ in: 'here' }] })
    return { divergences, look, rest, shown, bob, cyd }
  }

  it('is shown further where of another nothing is found, as long as it is not settled', async () => {
    const { divergences, look, rest, shown, bob, cyd } = await found()
    look(cyd)
    await rest()
    expect(shown()).toMatchObject({ member: bob, entries: [{ in: 'here' }] })
    divergences.settle(contextId, (member) => member === bob)
    look(cyd)
    await rest()
    expect(shown()).toMatchObject({ member: cyd, entries: [], error: 'the member is not connected' })
  })

  it('is not shown where that one has settled meanwhile, and is where another has', async () => {
    const { divergences, look, rest, shown, bob, cyd } = await found()
    look(bob)
    divergences.settle(contextId, (member) => member === bob)
    await rest()
    expect(shown()).toBeUndefined()
    look(bob)
    divergences.settle(contextId, (member) => member === cyd)
    await rest()
    expect(shown()).toMatchObject({ member: bob })
  })

  it('is forgotten with the context, and what is being looked for with it', async () => {
    const { divergences, look, rest, shown, bob } = await found()
    divergences.forget(contextId)
    expect(shown()).toBeUndefined()
    look(bob)
    divergences.forget(contextId)
    await rest()
    expect(shown()).toBeUndefined()
  })
})

describe('who asks for a tree', () => {
  /** One stream; what is answered first to each request, in short. */
  const asking = async ({ world }: Scene, name: string) => {
    const { network } = world.get(name).node.ports
    const stream = await world.run(network.open(world.get('bob').peerId, SYNC_PROTOCOL))
    const frames = stream.frames[Symbol.asyncIterator]()
    return async (request: SyncRequest) => {
      await world.run(stream.send(syncRequestMessage.encode(request)))
      const seen: string[] = []
      for (;;) {
        const { value } = await world.run(frames.next())
        const frame = syncFrameMessage.decode(value ?? new Uint8Array(0))
        if (frame.t === 'refused') return `${frame.code}: ${frame.message}`
        if (frame.t === 'end') return seen.join(' ')
        seen.push(frame.t)
      }
    }
  }
  const ask = async (scene: Scene, name: string, request: SyncRequest) => (await asking(scene, name))(request)

  it('gets it of the root that is there, as a member, and not many at once', async () => {
    const scene = await share('mixed', NAMES)
    const { contextId } = scene.shared
    const { root } = await contextOf(scene, 'bob')
    const request = { t: 'tree', contextId, root, paths: [''] } as const
    const first = await asking(scene, 'ada')
    expect(await first(request)).toBe('items')
    const other = { ...request, root: `${root.slice(0, -2)}00` as typeof root }
    expect(await first(other)).toBe('not_found: no longer that root')
    expect(await first({ ...request, paths: ['', 'ffff'] })).toBe('not_found: the state tree has no such node')
    const names = {
      t: 'names',
      contextId,
      root,
      hashes: Array.from({ length: DIFF_ENTRIES_MAX }, () => new Uint8Array(32)),
    } as const
    expect(await first(names)).toBe('')
    for (let held = 1; held < TREES_HELD_PEER_MAX; held += 1) expect(await ask(scene, 'ada', request)).toBe('items')
    expect(await ask(scene, 'ada', request)).toContain('busy')
    await scene.world.pass(TREE_HELD_MS)
    expect(await ask(scene, 'ada', request)).toBe('items')
  })

  it('is shown one state on one stream, whatever is written meanwhile', async () => {
    const scene = await share('mixed', NAMES)
    const { contextId } = scene.shared
    const { root } = await contextOf(scene, 'bob')
    const request = { t: 'tree', contextId, root, paths: [''] } as const
    const first = await asking(scene, 'ada')
    expect(await first(request)).toBe('items')
    await set(scene, 'bob', 'meanwhile')
    expect(await first(request)).toBe('items')
    expect(await ask(scene, 'ada', request)).toBe('not_found: no longer that root')
  })

  it('is refused as somebody who may not read the context', async () => {
    const scene = await share('mixed', NAMES)
    const { world, shared } = scene
    await world.start('mal')
    await world.pass(3000)
    const { root } = await contextOf(scene, 'bob')
    const request = { t: 'tree', contextId: shared.contextId, root, paths: [''] } as const
    expect(await ask(scene, 'mal', request)).toContain('not_a_member')
    expect(
      await ask(scene, 'mal', { t: 'names', contextId: shared.contextId, root, hashes: [new Uint8Array(32)] }),
    ).toContain('not_a_member')
  })
})
