// Names of the gossip topics. The network adds the run's private prefix.
import { type Bytes, concat, utf8 } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import { type ContextId, type Id, idBytes, type NamespaceId } from '../base/ids.ts'

/** Every node of a run subscribes to it: a node is meshed when another one is there. */
export const RUN_TOPIC = 'run'

export type Topic =
  | { readonly kind: 'namespace'; readonly id: NamespaceId }
  | { readonly kind: 'context'; readonly id: ContextId }

export function topicName(topic: Topic): string {
  return topic.kind === 'namespace' ? `ns/${topic.id}` : `ctx/${topic.id}`
}

/** Of topics that are followed: every hello names them. */
const hashes = new WeakMap<Topic, Bytes>()

/** How a hello names a topic: readable only for who knows the topic. */
export function topicHash(topic: Topic): Bytes {
  const known = hashes.get(topic)
  if (known !== undefined) return known
  const hash = taggedHash('calbox/topic/1', utf8(topicName(topic)))
  hashes.set(topic, hash)
  return hash
}

/** Equal iff the heads are. `heads` is sorted. */
export function headsDigest(heads: readonly Id[]): Bytes {
  return taggedHash('calbox/heads-digest/1', concat(heads.map(idBytes)))
}
