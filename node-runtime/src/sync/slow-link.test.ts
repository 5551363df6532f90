// A link over which one frame takes longer than a peer may be silent.
import { expect, it } from 'vitest'
import { u32be, utf8 } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { encodeArtifact } from '../crdt/artifact.ts'
import { ElementFragment } from '../crdt/keyed-elements.ts'
import { unorderedMap } from '../crdt/unordered-map.ts'
import { DrivenClock } from '../testing/driven-clock.ts'
import { slowLink } from '../testing/slow-link.ts'
import type { SharedContext, TestWorld } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { type Delta, sealDelta } from '../wire/delta.ts'
import { CAME_PORTION_BYTES, SYNC_TIMEOUT_MS } from './limits.ts'
import { eachPortion, UnderWay } from './under-way.ts'

const { share } = testWorlds()
const KIB = 1024

it('a delta of 900 KiB is pulled over 8 KiB a second, at the first attempt', async () => {
  let isSlow = false
  let isGossip = true
  const link = slowLink(8 * KIB, () => isSlow)
  const judge: typeof link = (packet) => ({ ...link(packet), lost: packet.kind === 'gossip' && !isGossip })
  const { world, shared } = await share('kv-store', ['ada', 'bob'], { judge })
  const large = largeDelta(world, shared, 900 * KIB)
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((name) => world.get(name).context(shared.contextId)))
  if (!ada || !bob) throw new Error('one of them is not there')
  isSlow = true
  isGossip = false
  await world.run(ada.receive([large]))
  const sinceMs = world.clock.nowMs()
  const hurried = world.get('bob').node.sync.syncContext(shared.contextId, {})
  await world.until('the delta to be there', () => bob.heads().includes(large.id))
  await world.run(hurried)
  const tookMs = world.clock.nowMs() - sinceMs
  expect([tookMs > 3 * SYNC_TIMEOUT_MS, tookMs < 5 * SYNC_TIMEOUT_MS]).toEqual([true, true])
})

it.each([
  ['nothing', 0, 1],
  ['a byte a second', 1, 1],
  ['a portion in its time', Math.ceil(CAME_PORTION_BYTES / 29), 4],
])('a conversation in which comes %s ends after its time', async (_, perSecond, times) => {
  const clock = new DrivenClock()
  const sinceMs = clock.nowMs()
  const limited = new UnderWay(clock, SYNC_TIMEOUT_MS).limited(undefined, (signal, renew) => {
    const onBytes = eachPortion(renew)
    for (let second = 1; second <= 29 * (times - 1) || (times === 1 && second < 100); second += 1) {
      clock.setTimer(() => onBytes(perSecond), 1000 * second)
    }
    return new Promise<number>((resolve) => signal.addEventListener('abort', () => resolve(clock.nowMs() - sinceMs)))
  })
  while (clock.step());
  const tookMs = await limited
  expect(tookMs).toBe(SYNC_TIMEOUT_MS + 29_000 * (times - 1))
})

/** By ada, on nothing. */
function largeDelta(world: TestWorld, { contextId, namespaceId, groupId }: SharedContext, bytes: number): Delta {
  const { identity, namespaces } = world.get('ada').node
  const log = namespaces.get(namespaceId)
  const sealing = log.sealingKey(groupId)
  if (!sealing) throw new Error('there is no key to seal it with')
  const hlc = BigInt(Math.trunc(world.clock.nowMs())) * 1_000_000n
  const value = new Uint8Array(64 * KIB).fill(7)
  const fragments = Array.from({ length: Math.ceil(bytes / value.byteLength) }, (_, index) => {
    const [id, key, stamp] = [sha256(utf8('map')), sha256(u32be(index)), hlc + BigInt(index) + 1n]
    return new ElementFragment(unorderedMap, { id, key, value, stamp })
  })
  const { publicKey: author } = identity
  return sealDelta({
    header: { contextId, author, parents: [], hlc, governance: [...log.heads()], keyId: sealing.keyId },
    payload: { artifact: { kind: 'host', bytes: encodeArtifact(fragments) }, events: [], depth: 0 },
    groupKey: sealing.key,
    signingKey: identity,
    random: world.random,
  })
}
