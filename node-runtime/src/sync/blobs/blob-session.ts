// The asking side of one blob stream: the manifest, then chunks, answered in the order they are asked for.
import type { Bytes } from '../../base/bytes.ts'
import type { BlobId } from '../../base/ids.ts'
import { type BlobManifest, manifestOf } from '../../blobs/manifest.ts'
import type { FrameStream, Network, PeerId } from '../../network/network.ts'
import { type BlobFrame, type BlobScope, blobRequestMessage, decodeBlobFrame } from '../../wire/blob-messages.ts'
import { SyncError } from '../errors.ts'
import { BLOB_PROTOCOL } from './blob-answering.ts'

export interface SessionRequest {
  readonly network: Network
  readonly peer: PeerId
  readonly scope: BlobScope
  readonly address: BlobId
  readonly signal: AbortSignal
}

export class BlobSession {
  readonly peer: PeerId
  readonly manifest: BlobManifest
  readonly #stream: FrameStream
  readonly #frames: AsyncIterator<Bytes>
  readonly #forget: () => void

  private constructor(
    peer: PeerId,
    manifest: BlobManifest,
    stream: FrameStream,
    frames: AsyncIterator<Bytes>,
    forget: () => void,
  ) {
    this.peer = peer
    this.manifest = manifest
    this.#stream = stream
    this.#frames = frames
    this.#forget = forget
  }

  /** Throws SyncError when the peer refuses, and what the network throws. */
  static async open({ network, peer, scope, address, signal }: SessionRequest): Promise<BlobSession> {
    const stream = await network.open(peer, BLOB_PROTOCOL, { signal })
    const onAbort = () => stream.abort(new SyncError('SYNC_INCOMPLETE', 'the fetch was given up'))
    const forget = () => signal.removeEventListener('abort', onAbort)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await stream.send(blobRequestMessage.encode({ t: 'open', scope, blobId: address }))
      const frames = stream.frames[Symbol.asyncIterator]()
      const answer = await nextFrame(peer, frames)
      if (answer.t === 'refused') {
        throw new SyncError('SYNC_REFUSED', `${peer} refused: ${answer.message}`, { data: { code: answer.code } })
      }
      if (answer.t === 'chunk') throw new SyncError('SYNC_INCOMPLETE', `${peer} sent a chunk before the manifest`)
      return new BlobSession(peer, manifestOf(answer.size, answer.chunks), stream, frames, forget)
    } catch (error) {
      forget()
      stream.abort(new SyncError('SYNC_INCOMPLETE', 'the blob stream is over'))
      signal.throwIfAborted()
      throw error
    }
  }

  async ask(index: number): Promise<void> {
    await this.#stream.send(blobRequestMessage.encode({ t: 'chunk', index }))
  }

  /** The next chunk that was asked for; whether it is that chunk is for the caller to check. */
  async next(): Promise<Bytes> {
    const frame = await nextFrame(this.peer, this.#frames)
    if (frame.t !== 'chunk') throw new SyncError('SYNC_INCOMPLETE', `${this.peer} sent a ${frame.t} instead of a chunk`)
    return frame.bytes
  }

  /** `whole`: nothing is under way; otherwise the stream is cut. */
  async close(whole: boolean): Promise<void> {
    this.#forget()
    if (whole) await this.#stream.closeWrite()
    else this.#stream.abort(new SyncError('SYNC_INCOMPLETE', 'the blob stream is over'))
  }
}

async function nextFrame(peer: PeerId, frames: AsyncIterator<Bytes>): Promise<BlobFrame> {
  const { done, value } = await frames.next()
  if (done) throw new SyncError('SYNC_INCOMPLETE', `${peer} ended the blob stream half-way`)
  return decodeBlobFrame(value)
}
