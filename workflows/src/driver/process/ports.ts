// Finds and reserves TCP ports. A port counts as free when no other calbox has reserved it and it can be bound; the
// reservation covers the time between choosing a port and the node's own bind. It comes first: to look whether a port can
// be bound is to bind it, at a moment when the node of another calbox may want to.
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { DriverError } from '../errors.ts'
import { FREE_PORTS, PORT_TRIES_MAX } from '../limits.ts'
import { type HeldFile, holdFile } from '../state/exclusive-file.ts'
import { describePortHolder } from './port-holder.ts'
import type { ProcessIdentity } from './process-identity.ts'

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

/** By a node of this object, by whoever has bound it, or reserved by this process. */
type Taken = 'ours' | 'bound' | ProcessIdentity

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
    const taken = await this.#reserve(wish.port)
    if (taken === undefined) return { port: wish.port }
    const busy = await busyMessage(wish, taken)
    if (wish.explicit) throw portBusy(busy, wish)
    const port = await this.#anyFree(busy)
    return { port, moved: `${busy}; using ${port} instead` }
  }

  /** PORT_BUSY, naming the holder, unless this object has it or can have it, and it can be bound now. */
  async check(wish: { of: string; port: number }): Promise<void> {
    const taken = this.#held.has(wish.port) ? await whoBinds(wish.port) : await this.#reserve(wish.port)
    if (taken !== undefined) throw portBusy(await busyMessage(wish, taken), wish)
  }

  /** False when somebody has it, this object included. */
  async tryReserve(port: number): Promise<boolean> {
    return (await this.#reserve(port)) === undefined
  }

  /** Of a node that runs on it already: once it has ended, this object can reserve it, and nobody else. */
  async keep(port: number): Promise<void> {
    if (this.#held.has(port)) return
    const held = await this.#hold(port)
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

  /** Undefined: it is this object's from now on, and free. */
  async #reserve(port: number): Promise<Taken | undefined> {
    if (this.#kept.has(port)) {
      if (!(await isPortFree(port))) return 'bound'
      return this.#kept.delete(port) ? undefined : 'ours'
    }
    if (this.#held.has(port)) return 'ours'
    const held = await this.#hold(port)
    if ('holder' in held) return held.holder
    if (await isPortFree(port)) {
      this.#held.set(port, held)
      return undefined
    }
    await held.release()
    return 'bound'
  }

  /** Who is elsewhere mostly has ports of its own; where it has not, that the port is bound tells. */
  #hold(port: number) {
    return holdFile(join(this.#dir, String(port)), { onlyHere: true })
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

async function whoBinds(port: number): Promise<Taken | undefined> {
  return (await isPortFree(port)) ? undefined : 'bound'
}

async function busyMessage({ port, of }: { port: number; of: string }, taken: Taken): Promise<string> {
  const about = `port ${port} (${of})`
  if (taken === 'ours') return `${about} is taken by another node of this network`
  const holder = await describePortHolder(port)
  if (holder !== undefined) return `${about} is in use by ${holder}`
  return taken === 'bound' ? `${about} is in use` : `${about} is in use: calbox ${taken.pid} has reserved it`
}

function portBusy(busy: string, wish: { of: string; port: number }): DriverError {
  return new DriverError('PORT_BUSY', `${busy}; end it or ask for another port`, { data: { ...wish } })
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
