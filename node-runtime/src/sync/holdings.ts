// What is here of a topic, for who decides whether a peer is to be asked.
import { type Bytes, equalBytes } from '../base/bytes.ts'
import type { ContextId, DeltaId, Id, PublicKey } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { NetworkError } from '../network/errors.ts'
import type { PeerId } from '../network/network.ts'
import { publicKeyOfPeer } from '../network/peer-id.ts'
import type { Directory, SyncedContext } from './ports.ts'
import { headsDigest, type Topic } from './topics.ts'

export class Holdings {
  readonly #directory: Directory
  readonly #log: Logger
  readonly #members = new WeakMap<Topic, { readonly heads: string; readonly members: readonly PublicKey[] }>()

  constructor({ directory, log }: { readonly directory: Directory; readonly log: Logger }) {
    this.#directory = directory
    this.#log = log
  }

  /** Anybody may follow a topic: strangers do, and who was removed. */
  isMember(topic: Topic, peer: PeerId): boolean {
    let key: PublicKey
    try {
      key = publicKeyOfPeer(peer)
    } catch (error) {
      // A key of another kind is no member's.
      if (error instanceof NetworkError) return false
      throw error
    }
    if (topic.kind === 'context') return this.#directory.mayRead(topic.id, key)
    return this.#directory.namespace(topic.id)?.hasMember(key) ?? false
  }

  /** Sorted. Of a topic that is looked at often: they are found anew when the log has changed. */
  members(topic: Topic): readonly PublicKey[] {
    const isLog = topic.kind === 'namespace'
    const namespace = isLog ? this.#directory.namespace(topic.id) : this.#directory.namespaceOf(topic.id)
    if (namespace === undefined) return []
    const known = this.#members.get(topic)
    const heads = namespace.heads().join()
    if (known?.heads === heads) return known.members
    const members = (topic.kind === 'namespace' ? namespace.members() : namespace.readers(topic.id)).sort()
    this.#members.set(topic, { heads, members })
    return members
  }

  /** Undefined too where it cannot be opened: that must not keep others from being synchronised. */
  context(id: ContextId): Promise<SyncedContext | undefined> {
    return this.#directory.context(id).catch((error) => {
      this.#log.warn({ contextId: id, error: String(error) }, 'context cannot be opened')
      return undefined
    })
  }

  async heads(topic: Topic): Promise<readonly Id[] | undefined> {
    const holder = topic.kind === 'namespace' ? this.#directory.namespace(topic.id) : await this.context(topic.id)
    return holder?.heads()
  }

  async headsOfAll(topics: readonly Topic[]): Promise<{ topic: Topic; heads: readonly Id[] }[]> {
    const found: { topic: Topic; heads: readonly Id[] }[] = []
    for (const topic of topics) {
      const heads = await this.heads(topic)
      if (heads) found.push({ topic, heads })
    }
    return found
  }

  /** Whether any of these is not here and may be taken. */
  async lacks(id: ContextId, ids: readonly DeltaId[]): Promise<boolean> {
    const context = await this.context(id)
    return context !== undefined && ids.some((each) => !context.holds(each) && !context.refuses(each))
  }

  async lacksCheckpoint(id: ContextId, checkpoint: Bytes): Promise<boolean> {
    const context = await this.context(id)
    return context !== undefined && !context.hasStoodOn(checkpoint)
  }

  /** `digest`: of a peer's heads. */
  async differs(topic: Topic, digest: Bytes): Promise<boolean> {
    const heads = await this.heads(topic)
    return heads !== undefined && !equalBytes(headsDigest(heads), digest)
  }
}
