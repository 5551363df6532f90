// A direct connection takes the place of a relayed one, and nothing is lost: new streams go over the direct one at once, the
// gossip link is moved before the old one ends, and the relayed connection is closed when nothing runs over it any more.
import type { Connection } from '@libp2p/interface'
import type { Clock } from '../../../../base/clock.ts'
import type { Logger } from '../../../../base/log.ts'
import { CLOSE_TIMEOUT_MS, RELAYED_LOOK_MS, RELAYED_QUIET_LOOKS } from '../../../limits.ts'
import type { PeerId } from '../../../network.ts'
import type { LibraryNode } from '../../libp2p-node.ts'

export interface ConnectionMovesParts {
  readonly node: Pick<LibraryNode, 'getConnections'>
  readonly clock: Clock
  readonly log: Logger
  /** The gossip link to this peer goes over this connection from now on. */
  moveGossip(peer: PeerId, to: Connection): Promise<void>
}

export class ConnectionMoves {
  readonly #parts: ConnectionMovesParts
  /** Relayed connections that are to end, and what cancels the next look at each. */
  readonly #leaving = new Map<Connection, () => void>()
  #closed = false

  constructor(parts: ConnectionMovesParts) {
    this.#parts = parts
  }

  /** The relayed connection whose place it takes, where there was one that nothing had taken the place of before. */
  move(direct: Connection): Connection | undefined {
    const relayed = this.#parts.node
      .getConnections(direct.remotePeer)
      .filter((each) => !each.direct && each.status === 'open' && !this.#leaving.has(each))
    if (relayed.length === 0) return undefined
    const fields = { peer: direct.remotePeer.toString(), address: direct.remoteAddr.toString() }
    this.#parts.log.info(fields, 'connected directly; the relayed connection ends when nothing runs over it')
    for (const each of relayed) {
      this.#leaving.set(each, () => {})
      void this.#look(each, 0)
    }
    return relayed[0]
  }

  close(): void {
    this.#closed = true
    for (const cancel of this.#leaving.values()) cancel()
  }

  async #look(relayed: Connection, quietBefore: number): Promise<void> {
    const { node, clock, moveGossip } = this.#parts
    if (this.#closed || relayed.status !== 'open') {
      this.#leaving.delete(relayed)
      return
    }
    const direct = node.getConnections(relayed.remotePeer).find((each) => each.direct && each.status === 'open')
    await moveGossip(relayed.remotePeer.toString(), direct ?? relayed)
    // The direct one is gone again: the relayed one stays.
    if (direct === undefined) {
      this.#leaving.delete(relayed)
      return
    }
    const quiet = relayed.streams.length === 0 ? quietBefore + 1 : 0
    if (quiet >= RELAYED_QUIET_LOOKS) await this.#end(relayed)
    else
      this.#leaving.set(
        relayed,
        clock.setTimer(() => void this.#look(relayed, quiet), RELAYED_LOOK_MS),
      )
  }

  async #end(relayed: Connection): Promise<void> {
    this.#leaving.delete(relayed)
    try {
      await relayed.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) })
    } catch (error) {
      relayed.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
