// One blob from several members: who is free takes the next missing chunk. Every chunk is checked before it is written;
// a wrong one costs its sender the blob. What came stays, whatever ends the fetch.
//
// Invariants:
// 1. At most BLOB_CHUNKS_HELD_MAX chunks are asked for or in memory, whatever the size of the blob.
// 2. A chunk that was asked for and did not come goes back to the others.
// 3. A failure of our own disk ends the fetch; a failure of a peer ends that peer's part in it.
import type { Bytes } from '../base/bytes.ts'
import type { BlobId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { BlobError } from '../blobs/errors.ts'
import type { BlobManifest } from '../blobs/manifest.ts'
import type { PartialBlob } from '../blobs/partial-blob.ts'
import type { PeerId } from '../network/network.ts'
import { BLOB_CHUNKS_ASKED_MAX, BLOB_CHUNKS_HELD_MAX, BLOB_PEERS_AT_ONCE } from './blob-limits.ts'
import type { BlobSession } from './blob-session.ts'
import { SyncError } from './errors.ts'

export interface BlobFetchParts {
  readonly address: BlobId
  readonly open: (peer: PeerId, signal: AbortSignal) => Promise<BlobSession>
  readonly receive: (manifest: BlobManifest) => Promise<PartialBlob>
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

export class BlobFetch {
  readonly failures: string[] = []
  readonly #parts: BlobFetchParts
  readonly #end = new AbortController()
  readonly #signal: AbortSignal
  readonly #waiting: (() => void)[] = []
  #partial: Promise<PartialBlob> | undefined
  #manifestOf: PeerId | undefined
  #queue: number[] = []
  /** Neither here nor in the queue. */
  #held = 0
  #fetched = 0
  #mostHeld = 0
  #broken: unknown

  constructor(parts: BlobFetchParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = AbortSignal.any([signal, this.#end.signal])
    this.#signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /** Undefined when these peers could not give all of it; `failures` says why. Call again with others. */
  async from(peers: readonly PeerId[]): Promise<FetchReport | undefined> {
    const left = [...new Set(peers)]
    const work = async () => {
      for (let peer = left.shift(); peer !== undefined && !(await this.#isWhole()); peer = left.shift()) {
        await this.#usePeer(peer)
      }
    }
    await Promise.all(Array.from({ length: Math.min(BLOB_PEERS_AT_ONCE, left.length) }, work))
    if (this.#broken !== undefined) throw this.#broken
    this.#signal.throwIfAborted()
    return (await this.#isWhole()) ? this.#finish() : undefined
  }

  /** What came stays on disk. */
  async close(): Promise<void> {
    this.#end.abort(new SyncError('SYNC_INCOMPLETE', 'the fetch is over'))
    const partial = await this.#partial?.catch(() => undefined)
    await partial?.close()
  }

  async #isWhole(): Promise<boolean> {
    const partial = await this.#partial?.catch((error: unknown) => {
      this.#broken ??= error
      return undefined
    })
    return this.#broken !== undefined || partial?.missing().length === 0
  }

  async #finish(): Promise<FetchReport | undefined> {
    const partial = await this.#partial
    if (!partial) return undefined
    const { address, onLiar } = this.#parts
    try {
      await partial.finish(address === partial.manifest.id ? undefined : address)
    } catch (error) {
      if (!(error instanceof BlobError) || error.code !== 'BLOB_MISMATCH') throw error
      // Each chunk fitted the manifest, so the manifest was the lie.
      if (this.#manifestOf !== undefined) onLiar(this.#manifestOf)
      this.failures.push(`${this.#manifestOf}: ${error.message}`)
      this.#partial = undefined
      return undefined
    }
    return { id: partial.manifest.id, fetched: this.#fetched, mostHeld: this.#mostHeld }
  }

  /** Again with the same peer as long as each stream brings something. */
  async #usePeer(peer: PeerId): Promise<void> {
    for (;;) {
      const before = this.#fetched
      let session: BlobSession | undefined
      try {
        session = await this.#parts.open(peer, this.#signal)
        await this.#transfer(session, await this.#partialFor(session))
        await session.close(true)
        return
      } catch (error) {
        await session?.close(false)
        if (this.#isOurs(error)) this.#broken ??= error
        if (this.#broken !== undefined || this.#signal.aborted) {
          this.#end.abort(new SyncError('SYNC_INCOMPLETE', 'the fetch is over'))
          this.#wake()
          return
        }
        this.failures.push(`${peer}: ${error instanceof Error ? error.message : String(error)}`)
        if (isLie(error)) this.#parts.onLiar(peer)
        if (isLie(error) || this.#fetched === before) return
        this.#parts.log.debug({ peer, error: String(error) }, 'blob stream broke; it is opened again')
      }
    }
  }

  /** The first manifest decides; where the id proves it, no other one can be right. */
  async #partialFor(session: BlobSession): Promise<PartialBlob> {
    const { address, receive } = this.#parts
    if (!this.#partial) {
      this.#manifestOf = session.peer
      this.#partial = receive(session.manifest)
      this.#partial.then(
        (partial) => {
          this.#queue = partial.missing()
        },
        () => {
          // Whoever awaits it hears.
        },
      )
    }
    const partial = await this.#partial
    if (session.manifest.id !== partial.manifest.id) {
      throw new SyncError('SYNC_REFUSED', `${session.peer} has another manifest for ${address}`)
    }
    return partial
  }

  async #transfer(session: BlobSession, partial: PartialBlob): Promise<void> {
    const asked: number[] = []
    let writing: Promise<void> | undefined
    try {
      for (;;) {
        this.#signal.throwIfAborted()
        while (asked.length < BLOB_CHUNKS_ASKED_MAX && this.#held < BLOB_CHUNKS_HELD_MAX) {
          const index = this.#queue.shift()
          if (index === undefined) break
          asked.push(index)
          this.#held += 1
          this.#mostHeld = Math.max(this.#mostHeld, this.#held)
          await session.ask(index)
        }
        if (asked.length === 0) {
          await writing
          writing = undefined
          if (partial.missing().length === 0) return
          // The others have asked for what is missing, and may fail.
          if (this.#queue.length === 0 || this.#held >= BLOB_CHUNKS_HELD_MAX) await this.#change()
          continue
        }
        const bytes = await session.next()
        // The next chunk is on its way while this one is checked and written.
        await writing
        const index = asked.shift()
        writing = index === undefined ? undefined : this.#write(partial, index, bytes)
        writing?.catch(() => {
          // It is awaited above, one round later.
        })
      }
    } finally {
      await writing?.catch(() => {
        // The first failure is on its way up already.
      })
      for (const index of asked) this.#release(index)
    }
  }

  async #write(partial: PartialBlob, index: number, bytes: Bytes): Promise<void> {
    try {
      await partial.write(index, bytes)
    } catch (error) {
      this.#release(index)
      throw error
    }
    this.#fetched += 1
    this.#release()
  }

  /** With an index that did not come: it goes back to the front. */
  #release(index?: number): void {
    this.#held -= 1
    if (index !== undefined) this.#queue.unshift(index)
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
