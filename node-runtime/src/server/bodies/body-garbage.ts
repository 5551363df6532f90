// What bodies leave behind. Their pieces lie outside of the heap and are garbage a turn later, but V8 lets them lie until they make it
// mark the whole heap: 40 ms of the thread that answers for every 12 MB, five times a second at 60 MB/s. To collect only
// what is young frees them, too, for 1 ms as a rule (10 with much that is young and in use).
import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BODY_GARBAGE_BYTES, BODY_GARBAGE_LOOK_MS, BODY_GARBAGE_LOOKS_MAX, LARGE_BODY_BYTES } from '../limits.ts'
import { hasBody } from './has-body.ts'

type Arriving = Pick<IncomingMessage, 'headers' | 'complete'> & {
  readonly socket: Pick<IncomingMessage['socket'], 'bytesRead' | 'destroyed'>
}

/** Looks after large bodies while they come, read or not: as many a look as cost next to nothing, the others next time. */
export class BodyGarbage {
  #collect: (() => void) | undefined
  /** With the bytes of their connections that have been counted. The one that was looked at longest ago comes first. */
  readonly #arriving = new Map<Arriving, number>()
  #bytes = 0
  #looks: NodeJS.Timeout | undefined

  constructor(collect?: () => void) {
    this.#collect = collect
  }

  add(request: Arriving): void {
    const isLarge = Number(request.headers['content-length'] ?? LARGE_BODY_BYTES) >= LARGE_BODY_BYTES
    if (!isLarge || !hasBody(request)) return
    this.#arriving.set(request, request.socket.bytesRead)
    this.#looks ??= setInterval(() => this.#look(), BODY_GARBAGE_LOOK_MS).unref()
  }

  #look(): void {
    let left = Math.min(this.#arriving.size, BODY_GARBAGE_LOOKS_MAX)
    for (const [request, counted] of this.#arriving) {
      if (left === 0) break
      left -= 1
      const { socket, complete } = request
      this.#bytes += socket.bytesRead - counted
      this.#arriving.delete(request)
      if (!complete && !socket.destroyed) this.#arriving.set(request, socket.bytesRead)
    }
    if (this.#bytes >= BODY_GARBAGE_BYTES) {
      this.#bytes = 0
      this.#collect ??= youngCollector()
      this.#collect()
    }
    if (this.#arriving.size > 0) return
    clearInterval(this.#looks)
    this.#looks = undefined
  }
}

/** What `--expose-gc` would bring, without it being there for all. */
function youngCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  // Another engine, or another version of it, collects when it likes to.
  return typeof gc === 'function' ? () => void gc({ type: 'minor' }) : () => {}
}
