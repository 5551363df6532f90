// Who is there: nodes say where they listen, and hear of all the others, at every change and now and then. Whether a node
// can be reached directly is seen, not believed: only an address whose host is the one it comes from is passed on.
import type { Clock } from '../../../base/clock.ts'
import { type BootDirectory, bootArrivalMessage, bootDirectoryMessage } from '../../../wire/boot-messages.ts'
import { BOOT_PEERS_MAX } from '../../../wire/limits.ts'
import { hostOf, placeOf } from '../../address.ts'
import { BOOT_NEWS_MS, BOOT_SETTLE_MS } from '../../limits.ts'
import type { FrameStream, PeerId } from '../../network.ts'

export interface DirectoryServerParts {
  readonly clock: Clock
  /** The relay holds a place for it. */
  isRelayed(peer: PeerId): boolean
}

interface Visitor {
  readonly stream: FrameStream
  readonly host: string
  addresses: readonly string[]
}

export class DirectoryServer {
  readonly #parts: DirectoryServerParts
  readonly #visitors = new Map<PeerId, Visitor>()
  #cancelNews: (() => void) | undefined
  #closed = false

  constructor(parts: DirectoryServerParts) {
    this.#parts = parts
    this.#later(BOOT_NEWS_MS)
  }

  get count(): number {
    return this.#visitors.size
  }

  /** `from`: the address its connection comes from. Resolves when the node has ended the conversation. */
  async serve(stream: FrameStream, from: string): Promise<void> {
    const visitor: Visitor = { stream, host: hostOf(from), addresses: [] }
    try {
      for await (const frame of stream.frames) {
        const { addresses } = bootArrivalMessage.decode(frame)
        const isNew = this.#visitors.get(stream.peer) !== visitor
        // A node that comes back has left before, whether that was heard or not.
        if (isNew) this.#visitors.set(stream.peer, visitor)
        const hasChanged = isNew || addresses.join() !== visitor.addresses.join()
        visitor.addresses = addresses
        if (hasChanged) this.changed()
      }
    } finally {
      if (this.#visitors.get(stream.peer) === visitor) {
        this.#visitors.delete(stream.peer)
        this.changed()
      }
    }
  }

  changed(): void {
    this.#later(BOOT_SETTLE_MS)
  }

  close(): void {
    this.#closed = true
    this.#cancelNews?.()
  }

  #later(ms: number): void {
    if (this.#closed) return
    this.#cancelNews?.()
    this.#cancelNews = this.#parts.clock.setTimer(() => {
      this.#tell()
      this.#later(BOOT_NEWS_MS)
    }, ms)
  }

  #tell(): void {
    const bytes = bootDirectoryMessage.encode(this.#directory())
    // One that does not read ends by the limits of its stream.
    for (const { stream } of this.#visitors.values()) void stream.send(bytes).catch(() => {})
  }

  #directory(): BootDirectory {
    const entries = [...this.#visitors].map(([peer, { host, addresses }]) => ({
      peer,
      addresses: addresses.map(placeOf).filter((address) => hostOf(address) === host),
      relayed: this.#parts.isRelayed(peer),
    }))
    return {
      peers: entries.filter(({ addresses, relayed }) => relayed || addresses.length > 0).slice(0, BOOT_PEERS_MAX),
    }
  }
}
