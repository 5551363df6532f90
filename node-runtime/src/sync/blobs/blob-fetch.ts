// One blob from several members: who is free takes the next missing chunk. Every chunk is checked before it is written;
// a wrong one costs its sender the blob. What came stays, whatever ends the fetch.
//
// Invariants:
// 1. At most BLOB_CHUNKS_HELD_MAX chunks are asked for or in memory, whatever the size of the blob.
// 2. A chunk that was asked for and did not come goes back to the others.
// 3. A manifest whose id is the address is proven and replaces any other. Otherwise the first one decides of those whose sender
//    has the least rank, until it turns out false or does not come whole: then those that had another one are asked again.
//    Each round has fewer peers.
// 4. A failure of our own disk ends the fetch; a failure of a peer ends that peer's part in it.
import type { Bytes } from '../../base/bytes.ts'
import type { BlobId } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import { BlobError } from '../../blobs/errors.ts'
import type { BlobManifest } from '../../blobs/manifest.ts'
import type { PartialBlob } from '../../blobs/partial-blob.ts'
import type { PeerId } from '../../network/network.ts'
import { SyncError } from '../errors.ts'
import { BLOB_CHUNKS_ASKED_MAX, BLOB_CHUNKS_HELD_MAX, BLOB_PEERS_AT_ONCE } from './blob-limits.ts'
import type { BlobSession } from './blob-session.ts'

export interface BlobFetchParts {
  readonly address: BlobId
  readonly open: (peer: PeerId, signal: AbortSignal) => Promise<BlobSession>
  /** May wait for another fetch. */
  readonly receive: (manifest: BlobManifest, from: PeerId, signal: AbortSignal) => Promise<PartialBlob>
  /** How often it has kept us in vain. */
  readonly rank: (peer: PeerId) => number
  /** A manifest that is not proven has come. Throws BLOB_MISMATCH where the peer has sent another one for the same address. */
  readonly onOffer: (peer: PeerId, manifest: BlobManifest) => void
  /** It sent bytes that are not the blob's. */
  readonly onLiar: (peer: PeerId) => void
  readonly log: Logger
}

export interface FetchReport {
  readonly id: BlobId
  /** Chunks that came over the network; the others were here. */
  readonly fetched: number
  /** The most chunks that were asked for or in memory at once. */
  readonly mostHeld: number
}

/** By one manifest. */
interface Download {
  readonly manifest: BlobManifest
  readonly manifestOf: PeerId
  readonly partial: Promise<PartialBlob>
  readonly sessions: Set<BlobSession>
  /** It is known not to be the blob's. */
  isFalse: boolean
  /** `partial` has resolved. */
  isOpen: boolean
  queue: number[]
}

export class BlobFetch {
  readonly failures: string[] = []
  readonly #parts: BlobFetchParts
  readonly #end = new AbortController()
  readonly #signal: AbortSignal
  readonly #waiting: (() => void)[] = []
  #download: Download | undefined
  /** Closed at the end only: something may be writing to them. */
  readonly #givenUp: Download[] = []
  /** They have another manifest, which may be the true one. */
  readonly #others = new Set<PeerId>()
  /** To be asked in this round. */
  #left: PeerId[] = []
  readonly #asked = new Set<PeerId>()
  /** Who has not answered, or owes chunks. */
  readonly #owing = new Set<PeerId>()
  /** Neither here nor in a queue. */
  #held = 0
  #fetched = 0
  #mostHeld = 0
  #broken: unknown

  constructor(parts: BlobFetchParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = AbortSignal.any([signal, this.#end.signal])
    this.#signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /** What is lacking is to come from these. */
  get owing(): PeerId[] {
    return [...this.#owing]
  }

  /** Somebody who is connected could give what those who owe it do not. */
  isWaitedFor(connected: readonly PeerId[]): boolean {
    const isFree = this.#waiting.length + this.#others.size + this.#left.length > 0
    return isFree || connected.some((peer) => !this.#asked.has(peer))
  }

  /** Undefined when these peers could not give all of it; `failures` says why. Call again with others. */
  async from(peers: readonly PeerId[]): Promise<FetchReport | undefined> {
    this.#left = [...new Set(peers)]
    for (;;) {
      await this.#round()
      if (this.#broken !== undefined) throw this.#broken
      this.#signal.throwIfAborted()
      const report = (await this.#isWhole()) ? await this.#finish() : undefined
      if (report) return report
      this.#left = [...new Set([...this.#others, ...this.#left])]
      this.#others.clear()
      if (this.#left.length === 0) return undefined
      this.#giveUp()
    }
  }

  async #round(): Promise<void> {
    const left = this.#left
    const enough = new AbortController()
    const work = async () => {
      while (left.length > 0 && !(await this.#isWhole())) {
        const peer = left.shift()
        if (peer === undefined) break
        this.#asked.add(peer)
        await this.#usePeer(peer, enough.signal).finally(() => this.#owing.delete(peer))
      }
      // Nobody waits for a peer that has not even answered.
      if (await this.#isWhole()) enough.abort(new SyncError('SYNC_INCOMPLETE', 'the blob is whole'))
    }
    await Promise.all(Array.from({ length: Math.min(BLOB_PEERS_AT_ONCE, left.length) }, work))
  }

  /** What came stays on disk. */
  async close(): Promise<void> {
    this.#end.abort(new SyncError('SYNC_INCOMPLETE', 'the fetch is over'))
    this.#giveUp()
    for (const { partial } of this.#givenUp) await (await partial.catch(() => undefined))?.close()
  }

  #giveUp(): void {
    const download = this.#download
    this.#download = undefined
    if (!download) return
    this.#givenUp.push(download)
    for (const session of download.sessions) void session.close(false)
    this.#wake()
  }

  async #isWhole(): Promise<boolean> {
    const partial = await this.#download?.partial.catch((error: unknown) => {
      this.#broken ??= error
      return undefined
    })
    return this.#broken !== undefined || partial?.missing().length === 0
  }

  async #finish(): Promise<FetchReport | undefined> {
    const download = this.#download
    if (!download) return undefined
    const partial = await download.partial
    const { address, onLiar } = this.#parts
    try {
      await partial.finish(address === partial.manifest.id ? undefined : address)
    } catch (error) {
      if (!(error instanceof BlobError) || error.code !== 'BLOB_MISMATCH') throw error
      // Each chunk fitted the manifest, so the manifest was the lie.
      download.isFalse = true
      onLiar(download.manifestOf)
      this.failures.push(`${download.manifestOf}: ${error.message}`)
      this.#giveUp()
      return undefined
    }
    return { id: partial.manifest.id, fetched: this.#fetched, mostHeld: this.#mostHeld }
  }

  /** Again with the same peer as long as each stream brings something. */
  async #usePeer(peer: PeerId, enough: AbortSignal): Promise<void> {
    const opening = AbortSignal.any([this.#signal, enough])
    for (;;) {
      const before = this.#fetched
      let session: BlobSession | undefined
      let download: Download | undefined
      let hasWaited = false
      try {
        this.#owing.add(peer)
        session = await this.#parts.open(peer, opening)
        download = this.#downloadFor(session)
        download.sessions.add(session)
        hasWaited = !download.isOpen
        await this.#transfer(session, download)
        await session.close(true)
        return
      } catch (error) {
        await session?.close(false)
        const isDisproved = download?.isFalse === true
        if (this.#isOurs(error)) this.#broken ??= error
        if (this.#broken !== undefined || this.#signal.aborted) {
          this.#end.abort(new SyncError('SYNC_INCOMPLETE', 'the fetch is over'))
          this.#wake()
          return
        }
        if (enough.aborted) return
        this.failures.push(`${peer}: ${error instanceof Error ? error.message : String(error)}`)
        if (isLie(error) || isDisproved) return this.#parts.onLiar(peer)
        // Another manifest has taken the place of its own.
        if (download && download !== this.#download) return void this.#others.add(peer)
        // A stream that was silent while the download was opened may be over.
        if (this.#fetched === before && !hasWaited) return
        this.#parts.log.debug({ peer, error: String(error) }, 'blob stream broke; it is opened again')
      } finally {
        if (session) download?.sessions.delete(session)
      }
    }
  }

  /** Throws BLOB_MISMATCH for a manifest that is proven wrong, SYNC_REFUSED for one that may be right. */
  #downloadFor(session: BlobSession): Download {
    const { address, rank, onOffer } = this.#parts
    const { manifest, peer } = session
    const isProven = manifest.id === address
    if (!isProven) onOffer(peer, manifest)
    const message = `${peer} has another manifest for ${address}`
    if (this.#givenUp.some((each) => each.isFalse && each.manifest.id === manifest.id)) {
      throw new BlobError('BLOB_MISMATCH', message)
    }
    const present = this.#download
    if (present && present.manifest.id !== address && present.manifest.id !== manifest.id) {
      if (isProven) {
        present.isFalse = true
        this.#others.clear()
        this.#giveUp()
      } else if (rank(peer) < rank(present.manifestOf)) {
        this.#giveUp()
      }
    }
    this.#download ??= this.#begin(manifest, peer)
    const { id } = this.#download.manifest
    if (manifest.id === id) return this.#download
    if (id === address) throw new BlobError('BLOB_MISMATCH', message)
    this.#others.add(peer)
    throw new SyncError('SYNC_REFUSED', message)
  }

  #begin(manifest: BlobManifest, manifestOf: PeerId): Download {
    const before = this.#givenUp.find((each) => each.manifest.id === manifest.id)
    const partial = before?.partial ?? this.#parts.receive(manifest, manifestOf, this.#signal)
    const download: Download = {
      manifest,
      manifestOf,
      partial,
      sessions: new Set(),
      isFalse: false,
      isOpen: false,
      queue: [],
    }
    partial.then(
      (opened) => {
        download.isOpen = true
        download.queue = opened.missing()
      },
      () => {
        // Whoever awaits it hears.
      },
    )
    return download
  }

  async #transfer(session: BlobSession, download: Download): Promise<void> {
    const partial = await download.partial
    const asked: number[] = []
    let writing: Promise<void> | undefined
    try {
      for (;;) {
        this.#signal.throwIfAborted()
        if (download !== this.#download) throw new SyncError('SYNC_REFUSED', 'another manifest is the true one')
        while (asked.length < BLOB_CHUNKS_ASKED_MAX && this.#held < BLOB_CHUNKS_HELD_MAX) {
          const index = download.queue.shift()
          if (index === undefined) break
          asked.push(index)
          this.#owing.add(session.peer)
          this.#held += 1
          this.#mostHeld = Math.max(this.#mostHeld, this.#held)
          await session.ask(index)
        }
        if (asked.length === 0) {
          this.#owing.delete(session.peer)
          await writing
          writing = undefined
          if (partial.missing().length === 0) return
          // The others have asked for what is missing, and may fail.
          if (download.queue.length === 0 || this.#held >= BLOB_CHUNKS_HELD_MAX) await this.#change()
          continue
        }
        const bytes = await session.next()
        // The next chunk is on its way while this one is checked and written.
        await writing
        const index = asked.shift()
        writing = index === undefined ? undefined : this.#write(download, index, bytes)
        writing?.catch(() => {
          // It is awaited above, one round later.
        })
      }
    } finally {
      await writing?.catch(() => {
        // The first failure is on its way up already.
      })
      for (const index of asked) this.#release(download, index)
    }
  }

  async #write(download: Download, index: number, bytes: Bytes): Promise<void> {
    try {
      await (await download.partial).write(index, bytes)
    } catch (error) {
      this.#release(download, index)
      throw error
    }
    this.#fetched += 1
    this.#release(download)
  }

  /** With an index that did not come: it goes back to the front. */
  #release(download: Download, index?: number): void {
    this.#held -= 1
    if (index !== undefined) download.queue.unshift(index)
    this.#wake()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #isOurs(error: unknown): boolean {
    return error instanceof BlobError && error.code !== 'BLOB_MISMATCH' && error.code !== 'BLOB_TOO_LARGE'
  }
}

function isLie(error: unknown): boolean {
  return error instanceof BlobError && error.code === 'BLOB_MISMATCH'
}
