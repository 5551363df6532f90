import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../base/bytes.ts'
import { type ContextId, parseHexId, type RootHash } from '../base/ids.ts'
import { dump } from '../storage/state-fixture.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { peerIdOf } from '../testing/test-node.ts'
import { joinContext } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { BaseCopy } from './base-copy.ts'
import { ContextStore } from './context-store.ts'

const { share } = testWorlds()

const id = parseHexId<ContextId>('aa'.repeat(32))
type Pair = readonly [key: string, value: string]
const truth: readonly Pair[] = [
  ['a', '1'],
  ['b', '2'],
]

async function* entriesOf(pairs: readonly Pair[]) {
  for (const [key, value] of pairs) yield [utf8(key), utf8(value)] as const
}

async function rootOf(pairs: readonly Pair[]): Promise<RootHash> {
  const none = parseHexId<RootHash>('00'.repeat(32))
  const failure = await new BaseCopy(memoryStore(), id).take(entriesOf(pairs), none).catch((error) => error)
  return failure.data.root
}

/** What a member would give to others. */
async function servedBy(store: Store, contextId = id): Promise<string[]> {
  const rows: string[] = []
  for await (const [key, value] of new ContextStore(store, contextId).base()) rows.push(`${toHex(key)}=${toHex(value)}`)
  return rows
}

const asServed = truth.map(([key, value]) => `${toHex(utf8(key))}=${toHex(utf8(value))}`)

describe('a copy of a base', () => {
  it.each<[string, string, readonly Pair[]]>([
    ['one entry more', 'STATE_ROOT_MISMATCH', [...truth, ['zz', 'false']]],
    ['one entry less', 'STATE_ROOT_MISMATCH', truth.slice(1)],
    ['keys out of order', 'SNAPSHOT_INVALID', [...truth].reverse()],
  ])('with %s leaves nothing, and that of another peer is taken', async (_, code, lie) => {
    const store = memoryStore()
    const root = await rootOf(truth)
    await expect(new BaseCopy(store, id).take(entriesOf(lie), root)).rejects.toMatchObject({ code })
    expect(await dump(store)).toEqual([])
    const copy = new BaseCopy(store, id)
    await copy.take(entriesOf(truth), root)
    await store.batch(copy.swap())
    expect(await servedBy(store)).toEqual(asServed)
  })

  it('has nothing of what was begun before', async () => {
    const store = memoryStore()
    const root = await rootOf(truth)
    await store.batch([new ContextStore(store, id).putBase(utf8('zz'), utf8('before a crash'))])
    await new BaseCopy(store, id).take(entriesOf(truth), root)
    expect(await servedBy(store)).toEqual(asServed)
  })
})

it('who was given a false base by one member gives the true one of another to who joins next', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const { contextId } = shared
  const signed = await servedBy(world.get('ada').disk, contextId)
  const { disk } = world.get('bob')
  await disk.batch([new ContextStore(disk, contextId).putBase(utf8('zz'), utf8('false'))])
  world.network.cut(peerIdOf('cyd'), peerIdOf('ada'))
  await world.start('cyd')
  await expect(joinContext(world, shared, 'ada', 'cyd')).rejects.toMatchObject({
    code: 'JOIN_TIMEOUT',
    message: expect.stringContaining('has root'),
  })
  expect(await servedBy(world.get('cyd').disk, contextId)).toEqual([])
  world.network.heal()
  await world.until('ada to be there', () => world.get('cyd').node.ports.network.peers().includes(peerIdOf('ada')))
  const { joiner, namespaces } = world.get('cyd').node
  await world.run(joiner.ready(namespaces.get(shared.namespaceId), contextId))
  expect(await servedBy(world.get('cyd').disk, contextId)).toEqual(signed)
})
