// What fetches write to: one at a time writes to the download of a blob, others wait for it. A manifest for the hash of the content
// is proven by the whole blob only: what came by such ones is kept to go on with, of each address a few, and dropped once the
// blob is here.
import type { BlobId } from '../../base/ids.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import type { BlobManifest } from '../../blobs/manifest.ts'
import type { PartialBlob } from '../../blobs/partial-blob.ts'
import type { PeerId } from '../../network/network.ts'
import { rejectOnAbort } from '../conversation.ts'
import { UNPROVEN_ADDRESSES_MAX, UNPROVEN_MAX } from './blob-limits.ts'
import type { Turn } from './fetch-turns.ts'

interface Held {
  readonly ended: Promise<void>
  readonly release: () => void
  /** The turns of those who wait. */
  readonly waiting: Set<Turn>
}

type Blobs = Pick<BlobStore, 'receive' | 'partials' | 'dropPartial'>

export class Receiving {
  readonly blobs: Blobs
  readonly held = new Map<BlobId, Held>()
  /** By address: downloads begun for it, or for another one, by manifests that are not proven; and who offers each. */
  readonly unproven = new Map<BlobId, Map<BlobId, Set<PeerId>>>()

  constructor(blobs: Blobs) {
    this.blobs = blobs
  }

  /** Some address has it that no manifest has proven. */
  isUnproven(id: BlobId): boolean {
    return [...this.unproven.values()].some((begun) => begun.has(id))
  }

  /** One fetch. End it when what it opened is closed. */
  begin(address: BlobId, turn: Turn): Receipt {
    return new Receipt(this, address, turn)
  }
}

export class Receipt {
  readonly #all: Receiving
  readonly #address: BlobId
  readonly #turn: Turn
  readonly #own = new Set<BlobId>()

  constructor(all: Receiving, address: BlobId, turn: Turn) {
    this.#all = all
    this.#address = address
    this.#turn = turn
  }

  /** A peer has one manifest for an address: it does not stand for what it sent before any more. */
  offered(peer: PeerId, id: BlobId): void {
    const begun = this.#all.unproven.get(this.#address)
    for (const peers of begun?.values() ?? []) peers.delete(peer)
    begun?.get(id)?.add(peer)
  }

  /** Waits while another fetch writes to it. Throws what `BlobStore.receive` does, and the reason of `signal`. */
  async open(manifest: BlobManifest, from: PeerId, signal: AbortSignal): Promise<PartialBlob> {
    const { held, blobs } = this.#all
    const { id } = manifest
    for (let other = held.get(id); other; other = held.get(id)) {
      const done = new AbortController()
      other.waiting.add(this.#turn)
      try {
        await Promise.race([other.ended, rejectOnAbort(signal, done.signal)])
      } finally {
        other.waiting.delete(this.#turn)
        done.abort()
      }
    }
    this.#hold(id)
    await this.#note(id, from)
    return await blobs.receive(manifest)
  }

  /** The shortest turn that waits for what this one writes to, or endless. */
  get wantedAfter(): number {
    const waiting = [...this.#own].flatMap((id) => [...(this.#all.held.get(id)?.waiting ?? [])])
    return Math.min(...waiting.map(({ looksMax }) => Math.min(looksMax, this.#turn.looksMax)))
  }

  /** `found`: the blob is here. Else those stay first whose sender `rank` is the least of. */
  async end(found: BlobId | undefined, rank: (peer: PeerId) => number): Promise<void> {
    try {
      await this.#drop(found, rank)
    } finally {
      for (const id of this.#own) {
        this.#all.held.get(id)?.release()
        this.#all.held.delete(id)
      }
    }
  }

  #hold(id: BlobId): void {
    const { promise: ended, resolve: release } = Promise.withResolvers<void>()
    this.#all.held.set(id, { ended, release, waiting: new Set() })
    this.#own.add(id)
  }

  /** Who begins to write to it meanwhile waits, as for any other fetch: until this one has ended. */
  async #remove(id: BlobId): Promise<void> {
    if (!this.#own.has(id)) this.#hold(id)
    await this.#all.blobs.dropPartial(id)
  }

  async #drop(found: BlobId | undefined, rank: (peer: PeerId) => number): Promise<void> {
    const { unproven, held } = this.#all
    const begun = unproven.get(this.#address)
    if (!begun) return
    const rankOf = (peers: ReadonlySet<PeerId>) => Math.min(...[...peers].map(rank))
    const offered = [...begun].filter(([, peers]) => peers.size > 0)
    const ranked = offered.sort(([, a], [, b]) => rankOf(a) - rankOf(b)).map(([id]) => id)
    const kept = new Set(found === undefined ? ranked.slice(0, UNPROVEN_MAX) : [])
    for (const id of [...begun.keys()].filter((each) => !kept.has(each))) {
      begun.delete(id)
      // What another fetch writes to or waits for, or has come for another address, too, is not ours to drop.
      const isHeld = this.#own.has(id) ? (held.get(id)?.waiting.size ?? 0) > 0 : held.has(id)
      if (id !== found && !isHeld && !this.#all.isUnproven(id)) await this.#remove(id)
    }
    if (begun.size === 0) unproven.delete(this.#address)
  }

  /** Nor is what was here before, as a damaged blob whose good chunks were kept, or what comes by its own id. */
  async #note(id: BlobId, from: PeerId): Promise<void> {
    const { unproven, blobs } = this.#all
    const address = this.#address
    if (id === address) {
      for (const begun of unproven.values()) begun.delete(id)
      return
    }
    if (!this.#all.isUnproven(id) && (await blobs.partials()).includes(id)) return
    const [oldest] = unproven.keys()
    const isFull = !unproven.has(address) && unproven.size >= UNPROVEN_ADDRESSES_MAX
    if (isFull && oldest !== undefined) unproven.delete(oldest)
    const begun = unproven.get(address) ?? new Map<BlobId, Set<PeerId>>()
    unproven.set(address, begun.set(id, (begun.get(id) ?? new Set<PeerId>()).add(from)))
  }
}
