// Deltas as a member could make them with a program of its own: any parents, stamp, payload, key or signature.
import { type ContextId, type DeltaId, idBytes, type OpId } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'
import { keyIdOf } from '../base/keys.ts'
import { type Delta, type DeltaPayload, openDelta, sealDelta } from '../wire/delta.ts'
import { seededRandom } from './seeded-random.ts'
import type { SharedContext, TestNode } from './test-nodes.ts'

export interface Forgery {
  readonly contextId?: ContextId
  readonly parents?: readonly DeltaId[]
  readonly hlc?: bigint
  readonly payload?: Partial<DeltaPayload>
  readonly governance?: readonly OpId[]
  readonly groupKey?: Uint8Array
  readonly signingKey?: SigningKey
}

let made = 0

/** Everything that is not given is as the node itself would make it, on its heads, an hour ahead of its clock. */
export async function forge(node: TestNode, shared: SharedContext, forgery: Forgery = {}): Promise<Delta> {
  const namespace = node.node.namespaces.get(shared.namespaceId)
  const groupKey = forgery.groupKey ?? namespace.sealingKey(shared.groupId)?.key
  if (!groupKey) throw new Error(`${node.name} has no key of the group`)
  const context = await node.context(shared.contextId)
  const signingKey = forgery.signingKey ?? node.node.identity
  made += 1
  return sealDelta({
    header: {
      contextId: forgery.contextId ?? shared.contextId,
      author: signingKey.publicKey,
      parents: forgery.parents ?? context.heads(),
      hlc: forgery.hlc ?? BigInt(node.node.ports.clock.nowMs() + 1000 + made) * 1_000_000n,
      governance: forgery.governance ?? namespace.heads(),
      keyId: keyIdOf(groupKey),
    },
    payload: {
      artifact: { kind: 'host', bytes: new Uint8Array(0) },
      events: [],
      depth: 0,
      ...forgery.payload,
    },
    groupKey,
    signingKey,
    random: seededRandom(`forged ${made}`),
  })
}

/** The artifact of a delta that the node holds. */
export async function artifactOf(
  node: TestNode,
  shared: SharedContext,
  id: DeltaId,
): Promise<DeltaPayload['artifact']> {
  const delta = (await node.context(shared.contextId)).delta(id)
  const key = delta && node.node.namespaces.get(shared.namespaceId).openingKey(shared.groupId, delta.keyId)
  if (!delta || !key) throw new Error(`${node.name} cannot open delta ${id}`)
  return openDelta(delta, key).artifact
}

/** The same delta with one bit of its signature turned. */
export function withBadSignature(delta: Delta): Delta {
  const signature = Uint8Array.from(delta.signature)
  signature[0] = (signature[0] ?? 0) ^ 1
  return { ...delta, signature }
}

/** Sorted as a header wants its parents. */
export function sortedIds<T extends DeltaId | OpId>(ids: readonly T[]): T[] {
  return [...ids].sort((a, b) => Buffer.compare(idBytes(a), idBytes(b)))
}
