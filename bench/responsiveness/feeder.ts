// A member that keeps its deltas to itself and then says them in an order of its choice: what a cascade is made of. It
// joins as a node does, writes without a network, and speaks gossip by itself in the end.
import { utf8 } from '../../node-runtime/src/base/bytes.ts'
import { systemClock } from '../../node-runtime/src/base/clock.ts'
import { type ContextId, parseBase58Id } from '../../node-runtime/src/base/ids.ts'
import { kemKeyFromSecret, signingKeyFromSeed } from '../../node-runtime/src/base/keys.ts'
import { silentLogger } from '../../node-runtime/src/base/log.ts'
import { systemRandom } from '../../node-runtime/src/base/random.ts'
import { BlobStore } from '../../node-runtime/src/blobs/blob-store.ts'
import { memoryDisk } from '../../node-runtime/src/blobs/memory-disk.ts'
import { libp2pNetwork } from '../../node-runtime/src/network/libp2p/libp2p.ts'
import type { Network } from '../../node-runtime/src/network/network.ts'
import { Node } from '../../node-runtime/src/node.ts'
import { inlineExecutor } from '../../node-runtime/src/runtime/inline-executor.ts'
import { invitationFromJson } from '../../node-runtime/src/server/formats/encodings.ts'
import { memoryStore } from '../../node-runtime/src/store/memory.ts'
import type { Store } from '../../node-runtime/src/store/store.ts'
import { topicName } from '../../node-runtime/src/sync/topics.ts'
import { type Delta, encodeDelta } from '../../node-runtime/src/wire/delta.ts'
import { encodeGossip } from '../../node-runtime/src/wire/gossip.ts'

type Invitation = Parameters<typeof invitationFromJson>[0]

/** Deltas of some calls made at once. */
const FRAME_ITEMS = 100

export interface FeederPlace {
  readonly networkId: string
  readonly boot: string
}

export class Feeder {
  readonly #identity = signingKeyFromSeed(systemRandom.bytes(32))
  readonly #kem = kemKeyFromSecret(systemRandom.bytes(32))
  readonly #store = memoryStore()
  readonly #disk = memoryDisk()
  readonly #place: FeederPlace
  #speaking: Network | undefined

  constructor(place: FeederPlace) {
    this.#place = place
  }

  /** `invitation`: as the API gives it. */
  async join(invitation: Invitation, contexts: readonly string[]): Promise<void> {
    const node = await this.#open(this.#place.networkId, [this.#place.boot])
    const namespace = await node.namespaces.join(invitationFromJson(invitation))
    for (const id of contexts) await node.joiner.ready(namespace, parseBase58Id<ContextId>(id))
    await node.close()
  }

  /** One delta a call, in order. Nobody hears of them. */
  async write(contextId: string, count: number, input: (index: number) => object): Promise<Delta[]> {
    const node = await this.#open(`alone ${this.#place.networkId}`, [])
    const context = await node.contexts.get(parseBase58Id<ContextId>(contextId))
    const deltas: Delta[] = []
    for (let index = 0; index < count; index += 1) {
      const { deltaId } = await context.call({ method: 'set', input: utf8(JSON.stringify(input(index))) })
      const delta = deltaId && context.delta(deltaId)
      if (!delta) throw new Error('a call that writes made no delta')
      deltas.push(delta)
    }
    await node.close()
    return deltas
  }

  /** On the network as a peer that gossips and answers nothing. */
  async appear(contextId: string): Promise<void> {
    const started = this.#speaking !== undefined
    this.#speaking ??= await this.#network(this.#place.networkId, [this.#place.boot])
    const topic = topicName({ kind: 'context', id: parseBase58Id<ContextId>(contextId) })
    this.#speaking.subscribe(topic, () => {})
    if (!started) await this.#speaking.start()
  }

  async say(contextId: string, deltas: readonly Delta[], afterFrame: () => Promise<void>): Promise<void> {
    const topic = topicName({ kind: 'context', id: parseBase58Id<ContextId>(contextId) })
    for (let start = 0; start < deltas.length; start += FRAME_ITEMS) {
      const items = deltas.slice(start, start + FRAME_ITEMS).map(encodeDelta)
      await this.#speaking?.publish(topic, encodeGossip({ t: 'deltas', items }))
      await afterFrame()
    }
  }

  async close(): Promise<void> {
    await this.#speaking?.close()
  }

  async #open(networkId: string, boot: readonly string[]): Promise<Node> {
    const kept = this.#store
    // It outlives the node.
    const store: Store = {
      get: (key) => kept.get(key),
      entries: (range) => kept.entries(range),
      snapshot: () => kept.snapshot(),
      batch: (ops) => kept.batch(ops),
      close: async () => {},
    }
    const node = await Node.open(
      {
        store,
        blobs: await BlobStore.open(this.#disk, systemRandom, systemClock),
        network: await this.#network(networkId, boot),
        executor: inlineExecutor({ store, blobs: this.#disk.guest }),
        clock: systemClock,
        random: systemRandom,
        log: silentLogger,
      },
      { identity: this.#identity, kem: this.#kem },
    )
    await node.start()
    return node
  }

  #network(networkId: string, bootAddresses: readonly string[]): Promise<Network> {
    const ports = { clock: systemClock, random: systemRandom, log: silentLogger }
    return libp2pNetwork({ identity: this.#identity, networkId, listen: [], bootAddresses, ...ports })
  }
}
