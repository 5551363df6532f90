// What is pushed to clients, by WebSockets and by server-sent events: one hub for both, and their end.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Metrics } from '../metrics/metrics.ts'
import type { ServerParts } from '../server-parts.ts'
import { Hub } from './hub.ts'
import { SseSessions } from './sse-sessions.ts'
import { Upgrades } from './upgrades.ts'

export class Streams {
  readonly sessions: SseSessions
  readonly #hub: Hub
  readonly #upgrades: Upgrades

  constructor(parts: ServerParts & { readonly metrics: Metrics }) {
    const { clock, random } = parts.node.ports
    this.#hub = new Hub(parts.node.events)
    this.sessions = new SseSessions({ hub: this.#hub, random, nowMs: () => clock.nowMs() })
    this.#upgrades = new Upgrades({ ...parts, hub: this.#hub })
  }

  /** Answers a handshake. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    return this.#upgrades.answer(request, socket, head)
  }

  /** Tells every client that the node stops. Idempotent. */
  close(): void {
    this.#upgrades.close()
    this.sessions.close()
    this.#hub.close()
  }
}
