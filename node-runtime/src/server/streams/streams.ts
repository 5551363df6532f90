// What is pushed to clients, by WebSockets and by server-sent events: one hub for both, and their end.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HeldBytes } from '../bodies/held-bytes.ts'
import type { JsonReader } from '../formats/json/reader.ts'
import { streamFigures } from '../metrics/client-figures.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ServerParts } from '../server-parts.ts'
import { Hub } from './hub.ts'
import { Keeper } from './keeper.ts'
import { SseSessions } from './sse-sessions.ts'
import { Upgrades } from './upgrades.ts'
import { sightOf } from './visible.ts'

export class Streams {
  readonly sessions: SseSessions
  readonly #hub: Hub
  readonly #keeper: Keeper
  readonly #upgrades: Upgrades

  constructor(parts: ServerParts & { readonly metrics: Metrics; readonly json: JsonReader; readonly held: HeldBytes }) {
    const { clock, random } = parts.node.ports
    this.#hub = new Hub(parts.node.events, sightOf(parts.node), (id) => parts.node.presences.shownIn(id))
    this.#keeper = new Keeper({ clock, log: parts.log, revocations: parts.guard?.revocations })
    const keeper = this.#keeper
    this.sessions = new SseSessions({ hub: this.#hub, keeper, random, nowMs: () => clock.nowMs() })
    this.#upgrades = new Upgrades({ ...parts, hub: this.#hub, keeper })
    parts.metrics.add(() =>
      streamFigures({ sockets: this.#upgrades.count, events: this.sessions.active, tooSlow: this.#hub.tooSlow }),
    )
  }

  /** Answers a handshake. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    return this.#upgrades.answer(request, socket, head)
  }

  /** Tells every client that the node stops. Idempotent. */
  close(): void {
    this.#upgrades.close()
    this.sessions.close()
    this.#keeper.close()
    this.#hub.close()
  }
}
