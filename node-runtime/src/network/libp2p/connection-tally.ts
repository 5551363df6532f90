// How many connections there were: what the library tells of each, added up.
import type { Connection, Libp2p } from '@libp2p/interface'
import type { ConnectionCounts } from '../network.ts'

type Watched = Pick<Libp2p, 'addEventListener' | 'getConnections'>

export class ConnectionTally {
  readonly #node: Watched
  readonly #opened = { dialer: 0, listener: 0 }
  readonly #closed = { dialer: 0, listener: 0 }
  #dials = 0
  #failedDials = 0
  #identified = 0

  constructor(node: Watched) {
    this.#node = node
    node.addEventListener('connection:open', ({ detail }) => {
      this.#opened[roleIn(detail)] += 1
    })
    node.addEventListener('connection:close', ({ detail }) => {
      this.#closed[roleIn(detail)] += 1
    })
    node.addEventListener('peer:identify', () => {
      this.#identified += 1
    })
  }

  /** A dial of ours, whatever comes of it. Rejects as it does. */
  async dialled<T>(dial: Promise<T>): Promise<T> {
    this.#dials += 1
    try {
      return await dial
    } catch (error) {
      this.#failedDials += 1
      throw error
    }
  }

  counts(): ConnectionCounts {
    return {
      dials: this.#dials,
      failedDials: this.#failedDials,
      opened: { ...this.#opened },
      closed: { ...this.#closed },
      identified: this.#identified,
      streams: this.#node.getConnections().reduce((sum, { streams }) => sum + streams.length, 0),
    }
  }
}

function roleIn({ direction }: Connection): 'dialer' | 'listener' {
  return direction === 'outbound' ? 'dialer' : 'listener'
}
