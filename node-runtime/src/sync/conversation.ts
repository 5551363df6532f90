// Requests and their answers, frame by frame, on either side. Frames are decoded here and nowhere else.
import { type Bytes, concat } from '../base/bytes.ts'
import type { FrameStream, Network, PeerId } from '../network/network.ts'
import { type SyncFrame, type SyncRequest, syncFrameMessage, syncRequestMessage } from '../wire/sync-messages.ts'
import { SyncError } from './errors.ts'
import { FRAME_TARGET_BYTES, PART_BYTES } from './limits.ts'

/** Raised with `HELLO_PROTOCOL`. */
export const SYNC_PROTOCOL = 'sync/10'

export interface Source {
  readonly network: Network
  readonly peer: PeerId
  readonly signal: AbortSignal
  /** Told of what comes, as it comes. */
  readonly onBytes?: (count: number) => void
}

export interface Ask extends Source {
  readonly request: SyncRequest
}

type End = Extract<SyncFrame, { t: 'end' }>

/** One stream for requests one after the other. Close it, whatever happened. */
export class Conversation {
  readonly #source: Source
  readonly #stream: FrameStream
  readonly #frames: AsyncIterator<Bytes>
  readonly #onAbort: () => void

  private constructor(source: Source, stream: FrameStream) {
    this.#source = source
    this.#stream = stream
    this.#frames = stream.frames[Symbol.asyncIterator]()
    this.#onAbort = () => stream.abort(abortReason(source.signal))
    source.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  static async open(source: Source): Promise<Conversation> {
    const { network, peer, signal, onBytes } = source
    return new Conversation(source, await network.open(peer, SYNC_PROTOCOL, { signal, onBytes }))
  }

  /** The frames of the answer, without its `end`. Throws SyncError when the peer refuses or stops before the end. */
  async *ask(request: SyncRequest, onEnd: (end: End) => void = () => {}): AsyncGenerator<SyncFrame> {
    const { peer, signal } = this.#source
    await this.#stream.send(syncRequestMessage.encode(request))
    for (;;) {
      const next = await this.#frames.next()
      if (next.done === true) break
      const frame = syncFrameMessage.decode(next.value)
      if (frame.t === 'refused') {
        throw new SyncError('SYNC_REFUSED', `${peer} refused ${request.t}: ${frame.message}`, {
          data: { code: frame.code },
        })
      }
      if (frame.t === 'end') return onEnd(frame)
      yield frame
    }
    signal.throwIfAborted()
    throw new SyncError('SYNC_INCOMPLETE', `${peer} ended its answer to ${request.t} half-way`)
  }

  async close(): Promise<void> {
    this.#source.signal.removeEventListener('abort', this.#onAbort)
    await this.#stream.closeWrite().catch(() => undefined)
    this.#stream.abort(new SyncError('SYNC_INCOMPLETE', 'the conversation is over'))
  }
}

/** A conversation of one request. */
export async function* ask({ request, ...source }: Ask, onEnd?: (end: End) => void): AsyncGenerator<SyncFrame> {
  const conversation = await Conversation.open(source)
  try {
    yield* conversation.ask(request, onEnd)
  } finally {
    await conversation.close()
  }
}

/** Whole items of an answer, with parts put together. */
export async function* itemsOf(frames: AsyncIterable<SyncFrame>, itemBytesMax: number): AsyncGenerator<Bytes[]> {
  let parts: Bytes[] = []
  let size = 0
  for await (const frame of frames) {
    if (frame.t === 'items') yield [...frame.items]
    if (frame.t !== 'part') continue
    size += frame.bytes.byteLength
    if (size > itemBytesMax) throw new SyncError('SYNC_INCOMPLETE', `an item grew over ${itemBytesMax} bytes`)
    parts.push(frame.bytes)
    if (!frame.last) continue
    yield [concat(parts)]
    parts = []
    size = 0
  }
}

/** Collects items into frames of about `FRAME_TARGET_BYTES`, and cuts large ones. */
export class ItemWriter {
  readonly #stream: FrameStream
  #items: Bytes[] = []
  #size = 0

  constructor(stream: FrameStream) {
    this.#stream = stream
  }

  async add(item: Bytes): Promise<void> {
    if (item.byteLength > PART_BYTES) {
      await this.flush()
      for (let start = 0; start < item.byteLength; start += PART_BYTES) {
        const end = Math.min(start + PART_BYTES, item.byteLength)
        await sendFrame(this.#stream, { t: 'part', bytes: item.subarray(start, end), last: end === item.byteLength })
      }
      return
    }
    if (this.#size + item.byteLength > FRAME_TARGET_BYTES || this.#items.length >= ITEMS_PER_FRAME) await this.flush()
    this.#items.push(item)
    this.#size += item.byteLength
  }

  async flush(): Promise<void> {
    if (this.#items.length === 0) return
    const items = this.#items
    this.#items = []
    this.#size = 0
    await sendFrame(this.#stream, { t: 'items', items })
  }
}

const ITEMS_PER_FRAME = 1000

export async function sendFrame(stream: FrameStream, frame: SyncFrame): Promise<void> {
  await stream.send(syncFrameMessage.encode(frame))
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error
    ? signal.reason
    : new SyncError('SYNC_TIMEOUT', 'the conversation took too long')
}

/** Rejects with the reason of `signal`; listens until `done`. */
export function rejectOnAbort(signal: AbortSignal, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: done })
  })
}
