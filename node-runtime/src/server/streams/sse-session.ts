// One stream of server-sent events, which may break off and be taken up again: what it watches outlasts its connection,
// and the newest events are sent again to who says which one it saw last.
import { utf8 } from '../../base/bytes.ts'
import type { PresenceEvent } from '../../context/ports.ts'
import type { Asker } from '../access/asker.ts'
import type { Hub, Subscriber } from './hub.ts'
import type { Connected, Keeper } from './keeper.ts'
import { COMMENT_EVERY_MS, OUTBOUND_BYTES_MAX, PRESENCE_PAGE_BYTES, RETRY_MS } from './limits.ts'
import { UnsentPresence } from './presence/unsent-presence.ts'
import type { Replay } from './replays.ts'
import type { Topic, Topics } from './topic.ts'
import { lostError, namesOf } from './visible.ts'

const STOPPING = 'the node is stopping'

export interface SessionParts {
  readonly id: string
  /** Who opened it. */
  readonly asker: Asker
  readonly hub: Hub
  readonly keeper: Keeper
  readonly replay: Replay
  readonly nowMs: () => number
}

export class SseSession implements Subscriber, Connected {
  readonly id: string
  /** The key whose it is: no other takes it up. Undefined: where keys are not told apart. */
  readonly owner: string | undefined
  readonly #hub: Hub
  readonly #keeper: Keeper
  readonly #replay: Replay
  readonly #nowMs: () => number
  #asker: Asker
  #sent = 0
  #connection: Connection | undefined
  #leftAtMs: number | undefined

  constructor({ id, asker, hub, keeper, replay, nowMs }: SessionParts) {
    this.id = id
    this.owner = asker.keyId
    this.#asker = asker
    this.#hub = hub
    this.#keeper = keeper
    this.#replay = replay
    this.#nowMs = nowMs
  }

  get isActive(): boolean {
    return this.#connection !== undefined
  }

  /** By the newest token that its client has shown. */
  get asker(): Asker {
    return this.#asker
  }

  /** How many events it had. */
  get counter(): number {
    return this.#sent
  }

  /** Since when nobody is connected; undefined while somebody is, and before anybody was. */
  get leftAtMs(): number | undefined {
    return this.#leftAtMs
  }

  /** What of it is watched from now on. */
  subscribe(asker: Asker, topics: Topics): Topics {
    this.#asker = asker
    return this.#hub.subscribe(this, topics)
  }

  unsubscribe(topics: Topics): void {
    this.#hub.unsubscribe(this, topics)
  }

  get subscriptions(): string[] {
    const { contextIds, groupIds } = namesOf(this.#hub.topicsOf(this))
    return [...contextIds, ...groupIds]
  }

  deliver(event: string, topic: Topic): void {
    this.#sent += 1
    this.#replay.keep(this.#sent, event, topic)
    this.#connection?.push(eventFrame(this.id, this.#sent, event), this.#sent)
  }

  /** Numbered as the event before it: it is not sent again. What is shown then is. */
  show(event: PresenceEvent): void {
    this.#connection?.show(event)
  }

  lost(topics: Topics): void {
    this.#connection?.push(frame(`${this.id}-${this.#sent}`, JSON.stringify({ error: lostError(topics) })))
  }

  renewed(asker: Asker): void {
    this.#asker = asker
    this.#hub.review(this)
  }

  /**
   * The bytes of one connection; ends when `signal` is aborted, the client is too slow, or another takes the session up.
   * What is sent again, and what comes, is only what `asker` may see.
   */
  connect(
    asker: Asker,
    { after, signal }: { after: number | undefined; signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    this.#connection?.end('the session was taken up by another connection')
    const onEnd = () => {
      if (this.#connection !== connection) return
      this.#connection = undefined
      this.#keeper.delete(this)
      this.#leftAtMs = this.#nowMs()
    }
    // A client remembers the newest number it has read: no frame may carry one of an event it has not had, or of one
    // before those it had.
    const seen = Math.min(after ?? 0, this.#sent)
    const connection = new Connection({
      onEnd,
      signal,
      seen,
      onSlow: () => {
        this.#hub.tooSlow += 1
      },
      presenceFrame: (unsent) => this.#presenceFrame(unsent),
      closeFrame: (reason, number) => frame(`${this.id}-${number}`, JSON.stringify({ type: 'close', reason })),
    })
    this.#connection = connection
    this.#leftAtMs = undefined
    this.#keeper.add(this)
    const hello = JSON.stringify({ type: 'connect', session_id: this.id, reconnect: after !== undefined })
    connection.push(`retry: ${RETRY_MS}\n${frame(`${this.id}-${seen}`, hello)}`)
    this.renewed(asker)
    if (after !== undefined) {
      const kept = [...this.#replay.after(after)]
      // Kept is a row of numbers up to the newest: what lies before it is gone.
      const gone = (kept[0]?.number ?? this.#sent + 1) - 1
      if (gone > seen) connection.push(this.#goneFrame(seen, gone), gone)
      for (const { number, text, topic } of kept) {
        if (this.#hub.watches(this, topic)) connection.push(eventFrame(this.id, number, text), number)
      }
    }
    this.#hub.showAgain(this)
    if (signal.aborted) connection.end(STOPPING)
    return connection.bytes()
  }

  /** Of the events after `seen`, up to `gone`; numbered as the last of them: it is not said again. */
  #goneFrame(seen: number, gone: number): string {
    const data = { missed: gone - seen, from: seen + 1, to: gone }
    return frame(`${this.id}-${gone}`, JSON.stringify({ error: { type: 'EventsMissed', data } }))
  }

  #presenceFrame(unsent: UnsentPresence): string | undefined {
    const event = unsent.next((id) => this.#hub.watches(this, id))
    return event && eventFrame(this.id, this.#sent, this.#hub.textOf(event))
  }

  /** Its client is told why; it may come back. */
  dismiss(reason: string): void {
    this.#connection?.end(reason)
  }

  /** It is over. */
  end(reason: string): void {
    this.#connection?.end(reason)
    this.#hub.leave(this)
    this.#replay.drop()
  }
}

interface ConnectionParts {
  readonly onEnd: () => void
  /** Before it ends: the client does not read. */
  readonly onSlow: () => void
  readonly signal: AbortSignal
  /** The number of the newest event that its client had before. */
  readonly seen: number
  /** The next of what members show; undefined: there is none. */
  readonly presenceFrame: (unsent: UnsentPresence) => string | undefined
  /** The last that is sent; `number`: of the newest event before it. */
  readonly closeFrame: (reason: string, number: number) => string
}

/** One response that is being written: events in their order, and between them what members show. */
class Connection {
  readonly #waiting: string[] = []
  readonly #unsent = new UnsentPresence()
  readonly #parts: ConnectionParts
  /** The node stops, or the client has gone: perhaps before it read anything. */
  readonly #stop = () => this.end(STOPPING)
  #waitingBytes = 0
  /** Of the newest event that waits, or was written; and of the newest that was written. */
  #pushed: number
  #written: number
  #ended = false
  #wake: () => void = () => undefined

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.#pushed = parts.seen
    this.#written = parts.seen
    parts.signal.addEventListener('abort', this.#stop, { once: true })
  }

  /** `number`: of the event that it is. */
  push(text: string, number = this.#pushed): void {
    if (this.#ended) return
    if (this.#waitingBytes > 0 && this.#waitingBytes + text.length > OUTBOUND_BYTES_MAX) {
      this.#parts.onSlow()
      this.end(`too slow: ${this.#waitingBytes} bytes wait to be read`)
      return
    }
    this.#waiting.push(text)
    this.#pushed = number
    this.#waitingBytes += text.length
    this.#wake()
  }

  show(event: PresenceEvent): void {
    if (this.#ended) return
    this.#unsent.put(event)
    this.#wake()
  }

  /** What waits is let go; the reason is the last that is sent. */
  end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#parts.signal.removeEventListener('abort', this.#stop)
    this.#parts.onEnd()
    this.#unsent.clear()
    this.#waiting.splice(0, this.#waiting.length, this.#parts.closeFrame(reason, this.#written))
    this.#pushed = this.#written
    this.#wake()
  }

  /** So much of it that the client has something to read; what it is when it is read is asked then. */
  #presencePage(): string {
    let page = ''
    while (page.length < PRESENCE_PAGE_BYTES) {
      const next = this.#parts.presenceFrame(this.#unsent)
      if (next === undefined) break
      page += next
    }
    return page
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    const comments = setInterval(() => this.push(': keep-alive\n\n'), COMMENT_EVERY_MS)
    try {
      for (;;) {
        const text = this.#waiting.splice(0).join('') + this.#presencePage()
        this.#waitingBytes = 0
        this.#written = this.#pushed
        if (text !== '') {
          yield utf8(text)
          continue
        }
        if (this.#ended) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      clearInterval(comments)
      this.end('the client has gone')
    }
  }
}

function eventFrame(session: string, number: number, event: string): string {
  return frame(`${session}-${number}`, `{"result":${event}}`)
}

function frame(id: string, data: string): string {
  return `event: message\nid: ${id}\ndata: ${data}\n\n`
}
