// The serving side of blobs: who may have one, its manifest, and the chunks that are asked for, one in memory at a time.
import type { Bytes } from '../../base/bytes.ts'
import type { BlobId } from '../../base/ids.ts'
import type { BlobReader } from '../../blobs/blob-reader.ts'
import { isDamage } from '../../blobs/errors.ts'
import type { FrameStream, PeerId } from '../../network/network.ts'
import { publicKeyOfPeer } from '../../network/peer-id.ts'
import { type BlobRequest, blobRequestMessage, chunkFrame, encodeBlobAnswer } from '../../wire/blob-messages.ts'
import type { RefusalCode } from '../../wire/sync-messages.ts'
import { SyncError } from '../errors.ts'
import { countedStream, type Place, ServingPlaces } from '../serving-places.ts'
import { BLOBS_SERVED_MAX, BLOBS_SERVED_PEER_MAX } from './blob-limits.ts'
import type { BlobExchangeParts } from './blob-ports.ts'

export const BLOB_PROTOCOL = 'blob/1'

type Opening = Extract<BlobRequest, { t: 'open' }>
interface Refusal {
  readonly code: RefusalCode
  readonly message: string
}

export class BlobAnswering {
  readonly #parts: BlobExchangeParts
  /** Of streams, from the manifest to their end. */
  readonly #places: ServingPlaces

  constructor(parts: BlobExchangeParts) {
    this.#parts = parts
    this.#places = new ServingPlaces(parts.clock, { max: BLOBS_SERVED_MAX, peerMax: BLOBS_SERVED_PEER_MAX })
    parts.network.handle(BLOB_PROTOCOL, (peer, stream) => this.#serve(peer, stream))
  }

  async #serve(peer: PeerId, stream: FrameStream): Promise<void> {
    let reader: BlobReader | undefined
    let place: Place | undefined
    const counted = countedStream(stream, () => place)
    try {
      for await (const bytes of stream.frames) {
        const request = blobRequestMessage.decode(bytes)
        if (request.t === 'chunk') {
          if (!reader || request.index >= reader.chunks) throw new SyncError('SYNC_REFUSED', 'there is no such chunk')
          await counted.send(chunkFrame(await this.#checked(reader, request.index)))
          continue
        }
        if (reader) throw new SyncError('SYNC_REFUSED', 'a stream opens one blob')
        const id = this.#admit(peer, request)
        if (typeof id === 'object') {
          await this.#refuse(peer, stream, id)
          return
        }
        place = this.#places.take(peer, stream)
        if (!place) {
          await this.#refuse(peer, stream, { code: 'busy', message: 'too many blobs are being served' })
          return
        }
        reader = await this.#parts.blobs.reader(id)
        this.#parts.log.info({ peer, blobId: id }, 'Processing blob request stream')
        const { size, chunks } = reader.manifest
        await stream.send(encodeBlobAnswer({ t: 'manifest', size, chunks }))
      }
    } finally {
      place?.end()
      await reader?.close()
    }
  }

  /** A damaged chunk would make us a liar to the peer. The stream ends, and the blob is out of the store. */
  async #checked(reader: BlobReader, index: number): Promise<Bytes> {
    try {
      return await reader.chunk(index, 1)
    } catch (error) {
      if (isDamage(error)) await this.#parts.blobs.verify(reader.manifest.id)
      throw error
    }
  }

  /** Noise has named the peer: its key says which member it is, before anything of the blob is read (I7). */
  #admit(peer: PeerId, { scope, blobId }: Opening): BlobId | Refusal {
    const { directory, references, blobs } = this.#parts
    const asker = publicKeyOfPeer(peer)
    const id = blobs.resolve(blobId)
    if (scope.t === 'namespace') {
      const namespace = directory.namespace(scope.id)
      if (!namespace) return { code: 'unknown', message: 'this namespace is not here' }
      if (!namespace.hasMember(asker)) return { code: 'not_a_member', message: 'only members may have its blobs' }
      if (!namespace.namesBlob(blobId)) return { code: 'not_found', message: 'the namespace does not name this blob' }
    } else {
      if (!directory.mayRead(scope.id, asker)) {
        return { code: 'not_a_member', message: 'only members of its group may have a context’s blobs' }
      }
      if (id === undefined || !references.holds(scope.id, id)) {
        return { code: 'not_found', message: 'the context does not refer to this blob here' }
      }
    }
    if (id === undefined) return { code: 'not_found', message: 'the blob is not here' }
    return id
  }

  async #refuse(peer: PeerId, stream: FrameStream, refusal: Refusal): Promise<void> {
    this.#parts.log.debug({ peer, code: refusal.code }, 'blob request refused')
    await stream.send(encodeBlobAnswer({ t: 'refused', ...refusal }))
  }
}
