// Members with blobs on the simulated network, and what may be wrong with what they send.
import { sha256 } from '../../../base/hash.ts'
import { type BlobId, type ContextId, idFromBytes, type NamespaceId, type PublicKey } from '../../../base/ids.ts'
import { signingKeyFromSeed } from '../../../base/keys.ts'
import { BlobStore } from '../../../blobs/blob-store.ts'
import { BLOB_CHUNK_BYTES } from '../../../blobs/limits.ts'
import { type MemoryDisk, memoryDisk } from '../../../blobs/memory-disk.ts'
import type { Network } from '../../../network/network.ts'
import { peerIdOfPublicKey } from '../../../network/peer-id.ts'
import { SimulatedNetwork, type SimulatedOptions } from '../../../network/simulated/simulated.ts'
import { DrivenClock } from '../../../testing/driven-clock.ts'
import { RecordingLogger } from '../../../testing/recording-logger.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import type { SyncedNamespace } from '../../ports.ts'
import { BlobExchange } from '../blob-exchange.ts'

export const idOf = <T extends ContextId | NamespaceId>(label: string) => idFromBytes<T>(sha256(Buffer.from(label)))
export const CONTEXT = idOf<ContextId>('context')
export const NAMESPACE = idOf<NamespaceId>('namespace')
export const MIB = BLOB_CHUNK_BYTES

export interface Member {
  readonly name: string
  readonly publicKey: PublicKey
  readonly network: Network
  readonly disk: MemoryDisk
  readonly blobs: BlobStore
  readonly exchange: BlobExchange
  readonly references: Set<string>
  readonly log: RecordingLogger
}

export class Scene {
  readonly clock = new DrivenClock()
  readonly random = seededRandom('exchange')
  readonly network: SimulatedNetwork
  readonly members: Member[] = []
  /** Public keys that the namespace and the context have. */
  readonly admitted = new Set<PublicKey>()
  /** What the namespace calls an application. */
  readonly named = new Set<BlobId>()
  readonly #addresses: string[] = []

  constructor(options: Pick<SimulatedOptions, 'judge'> = {}) {
    this.network = new SimulatedNetwork({ clock: this.clock, random: this.random, ...options })
  }

  async add(name: string, { disk = memoryDisk(), admitted = true, isLinked = true } = {}): Promise<Member> {
    const { publicKey } = signingKeyFromSeed(sha256(Buffer.from(name)))
    if (admitted) this.admitted.add(publicKey)
    const address = this.network.reserveAddress()
    const network = this.network.createNode({
      peerId: peerIdOfPublicKey(publicKey),
      address,
      bootAddresses: isLinked ? [...this.#addresses] : [],
      degree: 10,
    })
    if (isLinked) this.#addresses.push(address)
    const blobs = await BlobStore.open(disk, this.random, { nowMs: () => this.clock.nowMs() })
    const references = new Set<string>()
    const log = new RecordingLogger([], {}, () => {})
    const exchange = new BlobExchange({
      network,
      blobs,
      log,
      clock: this.clock,
      references: {
        holds: (contextId, blobId) => references.has(`${contextId} ${blobId}`),
        add: async (contextId, blobId) => void references.add(`${contextId} ${blobId}`),
        of: async (blobId) => (references.has(`${CONTEXT} ${blobId}`) ? [CONTEXT] : []),
      },
      directory: {
        namespace: (id) => (id === NAMESPACE ? this.#namespace() : undefined),
        namespaceOf: (id) => (id === CONTEXT ? this.#namespace() : undefined),
        namespacesNaming: (id) => (this.named.has(id) ? [NAMESPACE] : []),
        mayRead: (id, key) => id === CONTEXT && this.admitted.has(key),
      },
    })
    const member = { name, publicKey, network, disk, blobs, exchange, references, log }
    this.members.push(member)
    await network.start()
    await this.until(() => !isLinked || network.peers().length >= this.members.filter((each) => each !== member).length)
    return member
  }

  /** Blob of the context at this member. */
  async hold(member: Member, bytes: Uint8Array): Promise<BlobId> {
    const { id } = await member.blobs.put([bytes])
    member.references.add(`${CONTEXT} ${id}`)
    return id
  }

  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const done = () => {
      settled = true
    }
    work.then(done, done)
    await this.until(() => settled)
    return work
  }

  async until(holds: () => boolean): Promise<void> {
    for (let turns = 0; ; turns += 1) {
      await this.clock.rest()
      if (holds()) return
      if (turns > 200_000 || !this.clock.step()) throw new Error('nothing can happen any more')
    }
  }

  async close(): Promise<void> {
    for (const { exchange, network } of this.members) {
      await exchange.close()
      await this.run(network.close())
    }
  }

  #namespace(): SyncedNamespace {
    // Only what the exchange asks for.
    return {
      id: NAMESPACE,
      hasMember: (key: PublicKey) => this.admitted.has(key),
      namesBlob: (id: BlobId) => this.named.has(id),
    } as SyncedNamespace
  }
}

export function content(size: number): Uint8Array {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += 4096) bytes.fill(String(at), at, Math.min(size, at + 16))
  return bytes
}

export function damage(member: Member, id: BlobId, chunk: number): void {
  const data = member.disk.content(id, 'data')
  if (!data) throw new Error('no such blob')
  data[chunk * MIB + 3] = (data[chunk * MIB + 3] ?? 0) ^ 1
}

/** Serves bytes that are not the blob's. */
export function sendWrong(member: Member): void {
  const reader = member.blobs.reader.bind(member.blobs)
  member.blobs.reader = async (asked) => {
    const opened = await reader(asked)
    const chunk = opened.chunk.bind(opened)
    opened.chunk = async (index, head) => (await chunk(index, head)).map((byte) => byte ^ 1)
    return opened
  }
}
