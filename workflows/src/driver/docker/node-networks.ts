// Networks of the engine beside that of the run: a node is put on one, and taken off, while it runs. It never leaves the
// one of the run, through which its HTTP port is published; what others send it there, its faults cut.
import type { NetworkChange } from '../driver.ts'
import { DriverError } from '../errors.ts'
import { type EngineClient, engineStatus } from './engine/engine-client.ts'
import { field, listOf, textField } from './engine/engine-reply.ts'

/** That merobox takes a node off first. */
const FIRST = ['merobox-cluster', 'calimero_web']
/** Of the engine itself; some have none. */
const ENGINE_BRIDGE = 'bridge'

/** `id`: of its container, where one runs. */
export interface NetworkedNode {
  readonly name: string
  readonly id: string | undefined
  /** That of its run. */
  readonly home: string
}

type Options = { readonly signal?: AbortSignal }

export class NodeNetworks {
  readonly #engine: EngineClient
  /** As nodes last ended, for their next start, which may take several tries. */
  readonly #ofEnded = new Map<string, readonly string[]>()
  readonly #left = new Map<string, string>()

  constructor(engine: EngineClient) {
    this.#engine = engine
  }

  /**
   * Takes the node off this network; else off the one that merobox would choose of those it is on. Undefined where the
   * engine has none that could be meant.
   */
  async leave(node: NetworkedNode, network: string | undefined, options: Options): Promise<NetworkChange | undefined> {
    const on = await this.#of(node, options)
    const name = await this.#known(network ?? chosenNetwork(on), options)
    if (name === undefined) return undefined
    this.#left.set(node.name, name)
    if (!on.includes(name)) return { network: name, changed: false }
    if (node.id === undefined) this.#ofEnded.set(node.name, without(on, name))
    else await this.#ask(name, 'disconnect', { Container: node.id }, options)
    return { network: name, changed: true }
  }

  /** Puts it on this one; else on the one it has left last, or the bridge of the engine, where that has one. */
  async join(node: NetworkedNode, network: string | undefined, options: Options): Promise<NetworkChange | undefined> {
    const name = await this.#known(network ?? this.#left.get(node.name), options)
    if (name === undefined) return undefined
    const on = await this.#of(node, options)
    if (name === node.home || on.includes(name)) return { network: name, changed: false }
    if (node.id === undefined) this.#ofEnded.set(node.name, [...on, name])
    else await this.#ask(name, 'connect', { Container: node.id }, options)
    return { network: name, changed: true }
  }

  /** Its container has ended and is about to be removed. */
  async ended(node: NetworkedNode): Promise<void> {
    // Removed by somebody, or the engine is gone: then nobody knows.
    this.#ofEnded.set(node.name, await this.#of(node, {}).catch(() => []))
  }

  /** Its new container is about to start. */
  async starts(node: NetworkedNode): Promise<void> {
    for (const name of this.#ofEnded.get(node.name) ?? []) {
      await this.#ask(name, 'connect', { Container: node.id }, {}).catch((error: unknown) => {
        // Removed while nothing was on it.
        if (engineStatus(error) !== 404) throw error
      })
    }
  }

  async #of({ name, id, home }: NetworkedNode, { signal }: Options): Promise<readonly string[]> {
    if (id === undefined) return this.#ofEnded.get(name) ?? []
    const seen = await this.#engine.json('GET', `/containers/${id}/json`, { signal })
    // What it was made on: that of its run has another name where another version of calbox made it.
    const made = textField(seen, 'HostConfig', 'NetworkMode')
    return without(without(Object.keys(Object(field(seen, 'NetworkSettings', 'Networks'))), home), made)
  }

  /** As the engine calls it. Without a name the bridge of the engine, or undefined where that has none. */
  async #known(asked: string | undefined, { signal }: Options): Promise<string | undefined> {
    const found = listOf(await this.#engine.json('GET', '/networks', { signal }))
    const names = found.map((network) => textField(network, 'Name'))
    if (asked === undefined) return names.find((name) => name === ENGINE_BRIDGE)
    if (names.includes(asked)) return asked
    const message = `the container engine has no network ${asked}; it has ${names.sort().join(', ')}`
    throw new DriverError('ENGINE_FAILED', message, { data: { reason: 'no such network' } })
  }

  async #ask(network: string, what: 'connect' | 'disconnect', body: unknown, { signal }: Options): Promise<void> {
    await this.#engine.tell('POST', `/networks/${encodeURIComponent(network)}/${what}`, { body, signal })
  }
}

/** Of those a node is on: as merobox, which takes the bridge of the engine last. */
export function chosenNetwork(on: readonly string[]): string | undefined {
  const sorted = on.toSorted()
  return FIRST.find((name) => on.includes(name)) ?? sorted.find((name) => name !== ENGINE_BRIDGE) ?? sorted[0]
}

function without(names: readonly string[], name: string): readonly string[] {
  return names.filter((each) => each !== name)
}
