// A bridge of its own for each network of nodes: they find each other by name, and no other containers. Made with the
// first node, removed with the last.
import { DriverError } from '../errors.ts'
import { type EngineClient, engineReason, engineStatus } from './engine/engine-client.ts'

/** `overlay`: of a swarm, over all of its machines. */
interface NetworkKind {
  readonly driver: 'bridge' | 'overlay'
  readonly remove: (engine: EngineClient, runId: string) => Promise<void>
}

export class RunNetworks {
  readonly #engine: EngineClient
  readonly #labels: (runId: string) => Readonly<Record<string, string>>
  readonly #driver: NetworkKind['driver']
  readonly #remove: NetworkKind['remove']
  readonly #made = new Map<string, Promise<string>>()
  readonly #used = new Set<string>()

  constructor(
    engine: EngineClient,
    labels: (runId: string) => Readonly<Record<string, string>>,
    { driver, remove }: NetworkKind = { driver: 'bridge', remove: removeNetwork },
  ) {
    this.#engine = engine
    this.#labels = labels
    this.#driver = driver
    this.#remove = remove
  }

  /** Its name. */
  ensure(runId: string): Promise<string> {
    this.uses(runId)
    const known = this.#made.get(runId)
    if (known !== undefined) return known
    const made = this.#make(runId)
    this.#made.set(runId, made)
    made.catch(() => this.#made.delete(runId))
    return made
  }

  /** A node that is there already is in it: it goes with that. */
  uses(runId: string): void {
    this.#used.add(runId)
  }

  /** Those that this object has used and that are empty now. */
  async removeEmpty(): Promise<void> {
    for (const runId of this.#used) await this.#remove(this.#engine, runId)
    this.#used.clear()
    this.#made.clear()
  }

  async #make(runId: string): Promise<string> {
    const name = networkName(runId)
    // The second one: where nodes are that an earlier calbox has kept.
    for (const there of [name, `Calbox-${nameOf(runId)}`]) if (await this.#has(there)) return there
    const body = { Name: name, Driver: this.#driver, CheckDuplicate: true, Labels: this.#labels(runId) }
    await this.#engine.json('POST', '/networks/create', { body }).catch((error: unknown) => {
      // Somebody else has just made it.
      if (engineStatus(error) === 409) return
      const reason = engineReason(error)
      const remedy = /address pool/.test(reason) ? '; `docker network prune` removes those that nobody uses' : ''
      throw new DriverError('ENGINE_FAILED', `the network ${name} cannot be made: ${reason}${remedy}`, { cause: error })
    })
    return name
  }

  async #has(name: string): Promise<boolean> {
    try {
      // What the engine still has of a network that its swarm has no more is none.
      const query = this.#driver === 'overlay' ? { scope: 'swarm' } : {}
      await this.#engine.json('GET', `/networks/${name}`, { query })
      return true
    } catch (error) {
      if (engineStatus(error) === 404) return false
      throw error
    }
  }
}

/**
 * Of two networks that a container is on, engines publish its ports through the one whose name sorts first, byte by byte: that
 * is this one, or every requester of the node would lose its connection when the node joins the other.
 */
export function networkName(runId: string): string {
  return `0-calbox-${nameOf(runId)}`
}

function nameOf(runId: string): string {
  return runId.replace(/[^\w.-]/g, '-')
}

/** Unless a node is in it, or it is gone. */
export async function removeNetwork(engine: EngineClient, runId: string): Promise<void> {
  await engine.json('DELETE', `/networks/${networkName(runId)}`).catch((error: unknown) => {
    const status = engineStatus(error)
    // Podman calls a network in use an error of its own.
    const isUsed = status === 500 && /being used|associated containers/.test(engineReason(error))
    if (!isUsed && status !== 403 && status !== 404 && status !== 409) throw error
  })
}
