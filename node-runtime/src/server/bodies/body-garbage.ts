// What bodies leave behind. Their pieces lie outside of the heap and are garbage a turn later, but V8 lets them lie until they make it
// mark the whole heap: 40 ms of the thread that answers for every 12 MB, five times a second at 60 MB/s. To collect only
// what is young is below 1 ms, and frees them, too.
import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { hasBody } from '../connections/unfinished.ts'
import { BODY_GARBAGE_BYTES, BODY_GARBAGE_LOOK_MS, LARGE_BODY_BYTES } from '../limits.ts'

type Arriving = Pick<IncomingMessage, 'headers' | 'complete'> & {
  readonly socket: Pick<IncomingMessage['socket'], 'bytesRead' | 'destroyed'>
}

/** Looks after large bodies while they come, read or not. */
export class BodyGarbage {
  readonly #collect: () => void
  /** With the bytes of their connections that have been counted. */
  readonly #arriving = new Map<Arriving, number>()
  #bytes = 0
  #looks: NodeJS.Timeout | undefined

  constructor(collect = collectYoung) {
    this.#collect = collect
  }

  add(request: Arriving): void {
    const isLarge = Number(request.headers['content-length'] ?? LARGE_BODY_BYTES) >= LARGE_BODY_BYTES
    if (!isLarge || !hasBody(request)) return
    this.#arriving.set(request, request.socket.bytesRead)
    this.#looks ??= setInterval(() => this.#look(), BODY_GARBAGE_LOOK_MS).unref()
  }

  #look(): void {
    for (const [request, counted] of this.#arriving) {
      const { socket, complete } = request
      this.#bytes += socket.bytesRead - counted
      if (complete || socket.destroyed) this.#arriving.delete(request)
      else this.#arriving.set(request, socket.bytesRead)
    }
    if (this.#bytes >= BODY_GARBAGE_BYTES) {
      this.#bytes = 0
      this.#collect()
    }
    if (this.#arriving.size > 0) return
    clearInterval(this.#looks)
    this.#looks = undefined
  }
}

let minor: (() => void) | undefined

function collectYoung(): void {
  minor ??= youngCollector()
  minor()
}

/** What `--expose-gc` would bring, without it being there for all. */
function youngCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  // Another engine, or another version of it, collects when it likes to.
  return typeof gc === 'function' ? () => void gc({ type: 'minor' }) : () => {}
}
