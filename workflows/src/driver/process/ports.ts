// Finds and reserves TCP ports. A port counts as free when it can be bound and no other calbox has reserved it; the
// reservation covers the time between choosing a port and the node's own bind.
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { DriverError } from '../errors.ts'
import { FREE_PORTS, PORT_TRIES_MAX } from '../limits.ts'
import { type HeldFile, holdFile } from '../state/exclusive-file.ts'
import { describePortHolder } from './port-holder.ts'

export interface PortWish {
  /** Default rpc. */
  readonly which?: 'rpc' | 'swarm'
  /** Completes "port 2528 (rpc of n1)". */
  readonly of: string
  readonly port: number
  /** The user asked for exactly this port. */
  readonly explicit: boolean
}

export interface ChosenPort {
  readonly port: number
  /** Set when it is not the wished one; says why. */
  readonly moved?: string
}

export class PortReservations {
  readonly #dir: string
  readonly #held = new Map<number, HeldFile>()
  /** Held for nodes of this network, which may choose them once more. */
  readonly #kept = new Set<number>()

  /** One directory for all calbox processes of a user. */
  constructor(dir = join(tmpdir(), `calbox-ports-${userInfo().uid}`)) {
    this.#dir = dir
  }

  /** The wished port where it is free. Otherwise PORT_BUSY for an explicit one, else a free one. */
  async choose(wish: PortWish): Promise<ChosenPort> {
    if (await this.tryReserve(wish.port)) return { port: wish.port }
    const busy = this.#held.has(wish.port)
      ? `port ${wish.port} (${wish.of}) is taken by another node of this network`
      : await busyMessage(wish.port, wish.of)
    if (wish.explicit)
      throw new DriverError('PORT_BUSY', `${busy}; end it or ask for another port`, { data: { ...wish } })
    const port = await this.#anyFree(busy)
    return { port, moved: `${busy}; using ${port} instead` }
  }

  /** PORT_BUSY, naming the holder, unless it can be bound now. Reserves nothing. */
  async check(wish: { of: string; port: number }): Promise<void> {
    if (await isPortFree(wish.port)) return
    throw new DriverError('PORT_BUSY', `${await busyMessage(wish.port, wish.of)}; end it or ask for another port`, {
      data: { ...wish },
    })
  }

  /** False when somebody has it, this object included. */
  async tryReserve(port: number): Promise<boolean> {
    if (this.#held.has(port) && !this.#kept.has(port)) return false
    if (!(await isPortFree(port))) return false
    if (this.#kept.delete(port)) return true
    const held = await holdFile(join(this.#dir, String(port)))
    if ('holder' in held) return false
    this.#held.set(port, held)
    return true
  }

  /** Of a node that runs on it already: once it has ended, this object can reserve it, and nobody else. */
  async keep(port: number): Promise<void> {
    if (this.#held.has(port)) return
    const held = await holdFile(join(this.#dir, String(port)))
    if ('holder' in held) return
    this.#held.set(port, held)
    this.#kept.add(port)
  }

  async releaseAll(): Promise<void> {
    const all = [...this.#held.values()]
    this.#held.clear()
    this.#kept.clear()
    await Promise.all(all.map((held) => held.release()))
  }

  async #anyFree(why: string): Promise<number> {
    const span = FREE_PORTS.to - FREE_PORTS.from
    // A random place to begin keeps calbox processes that start together out of each other's way.
    const start = Math.floor(Math.random() * span)
    for (let step = 0; step < PORT_TRIES_MAX; step++) {
      const port = FREE_PORTS.from + ((start + step) % span)
      if (await this.tryReserve(port)) return port
    }
    throw new DriverError('PORT_BUSY', `${why}; found no free port among ${PORT_TRIES_MAX} others`)
  }
}

export async function busyMessage(port: number, of: string): Promise<string> {
  const holder = await describePortHolder(port)
  return `port ${port} (${of}) is in use${holder === undefined ? '' : ` by ${holder}`}`
}

/** Can be bound on every address and on the loopback one: some systems let a wildcard bind pass beside a specific one. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await canBind(port, '::')) && (await canBind(port, '127.0.0.1'))
}

function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false)
      else if (host === '::')
        canBind(port, '0.0.0.0').then(resolve, reject) // no IPv6 here
      else reject(error)
    })
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
