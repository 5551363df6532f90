// One stream of server-sent events, which may break off and be taken up again: what it watches outlasts its connection,
// and the newest events are sent again to who says which one it saw last.
import { utf8 } from '../../base/bytes.ts'
import type { Hub, Subscriber, Topics } from './hub.ts'
import { COMMENT_EVERY_MS, OUTBOUND_BYTES_MAX, REPLAY_BYTES_MAX, REPLAY_EVENTS_MAX, RETRY_MS } from './limits.ts'
import { namesOf } from './visible.ts'

interface Numbered {
  readonly number: number
  readonly text: string
}

export interface SessionParts {
  readonly id: string
  readonly owner: string | undefined
  readonly hub: Hub
  readonly nowMs: () => number
}

export class SseSession implements Subscriber {
  readonly id: string
  /** The key whose it is: no other takes it up. Undefined: where keys are not told apart. */
  readonly owner: string | undefined
  readonly #hub: Hub
  readonly #nowMs: () => number
  readonly #recent: Numbered[] = []
  #recentBytes = 0
  #sent = 0
  #connection: Connection | undefined
  #leftAtMs: number | undefined

  constructor({ id, owner, hub, nowMs }: SessionParts) {
    this.id = id
    this.owner = owner
    this.#hub = hub
    this.#nowMs = nowMs
  }

  get isActive(): boolean {
    return this.#connection !== undefined
  }

  /** How many events it had. */
  get counter(): number {
    return this.#sent
  }

  /** Since when nobody is connected; undefined while somebody is, and before anybody was. */
  get leftAtMs(): number | undefined {
    return this.#leftAtMs
  }

  subscribe(topics: Topics): void {
    this.#hub.subscribe(this, topics)
  }

  unsubscribe(topics: Topics): void {
    this.#hub.unsubscribe(this, topics)
  }

  get subscriptions(): string[] {
    const { contextIds, groupIds } = namesOf(this.#hub.topicsOf(this))
    return [...contextIds, ...groupIds]
  }

  deliver(event: string): void {
    this.#sent += 1
    const numbered = { number: this.#sent, text: `{"result":${event}}` }
    this.#remember(numbered)
    this.#connection?.push(frame(`${this.id}-${numbered.number}`, numbered.text))
  }

  /** The bytes of one connection; ends when `signal` is aborted, the client is too slow, or another takes the session up. */
  connect(after: number | undefined, signal: AbortSignal): AsyncIterable<Uint8Array> {
    this.#connection?.end('the session was taken up by another connection')
    const connection = new Connection(() => {
      if (this.#connection !== connection) return
      this.#connection = undefined
      this.#leftAtMs = this.#nowMs()
    })
    this.#connection = connection
    this.#leftAtMs = undefined
    const hello = JSON.stringify({ type: 'connect', session_id: this.id, reconnect: after !== undefined })
    connection.push(`retry: ${RETRY_MS}\n${frame(`${this.id}-0`, hello)}`)
    if (after !== undefined) {
      for (const { number, text } of this.#recent)
        if (number > after) connection.push(frame(`${this.id}-${number}`, text))
    }
    return connection.bytes(signal)
  }

  end(reason: string): void {
    this.#connection?.end(reason)
    this.#hub.leave(this)
  }

  #remember(event: Numbered): void {
    this.#recent.push(event)
    this.#recentBytes += event.text.length
    while (this.#recent.length > REPLAY_EVENTS_MAX || this.#recentBytes > REPLAY_BYTES_MAX) {
      this.#recentBytes -= this.#recent.shift()?.text.length ?? 0
    }
  }
}

/** One response that is being written. */
class Connection {
  readonly #waiting: string[] = []
  readonly #onEnd: () => void
  #waitingBytes = 0
  #ended = false
  #wake: () => void = () => undefined

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  push(text: string): void {
    if (this.#ended) return
    if (this.#waitingBytes > 0 && this.#waitingBytes + text.length > OUTBOUND_BYTES_MAX) {
      this.end(`too slow: ${this.#waitingBytes} bytes wait to be read`)
      return
    }
    this.#waiting.push(text)
    this.#waitingBytes += text.length
    this.#wake()
  }

  /** What waits is let go; the reason is the last that is sent. */
  end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    const notice = JSON.stringify({ type: 'close', reason })
    this.#waiting.splice(0, this.#waiting.length, `event: message\ndata: ${notice}\n\n`)
    this.#wake()
  }

  async *bytes(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    // The node stops, or the client has gone and reads nothing more.
    const stop = () => this.end('the node is stopping')
    const comments = setInterval(() => this.push(': keep-alive\n\n'), COMMENT_EVERY_MS)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      for (;;) {
        const text = this.#waiting.splice(0).join('')
        this.#waitingBytes = 0
        if (text !== '') yield utf8(text)
        if (this.#waiting.length > 0) continue
        if (this.#ended) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      clearInterval(comments)
      signal.removeEventListener('abort', stop)
      this.#ended = true
      this.#onEnd()
    }
  }
}

function frame(id: string, data: string): string {
  return `event: message\nid: ${id}\ndata: ${data}\n\n`
}
