// Faults that the nodes of a run put on themselves, through the route that each node has for them. A fault lasts until it is
// taken off: a node that is started again has its own from its first moment.
import { ClientError } from '../../client/client-error.ts'
import type { NodeClient } from '../../client/node-client.ts'
import type { FaultCounts, NodeFaultPort } from '../../steps/fault/making/fault-port.ts'
import { StepError } from '../../steps/step-error.ts'
import type { NodeLinks } from '../../steps/step-kind.ts'
import { isJsonObject, type JsonObject } from '../../values/json/json-value.ts'

const ROUTE = '/test-api/faults'
const DISCONNECTED = 'disconnected'
const DEGRADED = 'degraded'

/** For a node that is about to be stopped to tell what its faults did. */
const LAST_COUNTS_MS = 1_000

type Options = { readonly signal: AbortSignal }

export interface FaultyNode {
  readonly name: string
  readonly running: boolean
  /** Of the node as it runs now; throws where it does not. */
  readonly client: NodeClient
}

/** All of one run: both ends of a partition may heal it. */
export class NodeFaults {
  readonly #find: (name: string) => FaultyNode | undefined
  /** By node, then by id. */
  readonly #rules = new Map<string, Map<string, JsonObject>>()
  /** What they did before the last restart of their node, which begins to count anew; undefined where it did not tell. */
  readonly #earlier = new Map<string, Map<string, FaultCounts | undefined>>()
  /** A node keeps its own over restarts. */
  readonly #peerIds = new Map<string, string>()

  /** `find` gives any node of the run by its name. */
  constructor(find: (name: string) => FaultyNode | undefined) {
    this.#find = find
  }

  linksOf(node: FaultyNode): NodeLinks {
    return {
      disconnect: (options) => this.#put(node, DISCONNECTED, { direction: 'both', blocked: true }, options),
      connect: (options) => this.#take(node, DISCONNECTED, options),
      partition: async (peers, options) => {
        for (const name of peers) {
          const peer = await this.#peerId(this.#get(name), options)
          await this.#put(node, apartFrom(name), { direction: 'both', blocked: true, peers: [peer] }, options)
        }
      },
      heal: async (peers, options) => {
        for (const name of peers) {
          await this.#take(node, apartFrom(name), options)
          const other = this.#find(name)
          if (other) await this.#take(other, apartFrom(node.name), options)
        }
      },
      degrade: (fault, options) =>
        fault === undefined
          ? this.#take(node, DEGRADED, options)
          : this.#put(node, DEGRADED, { direction: 'out', ...fault }, options),
    }
  }

  portOf(node: FaultyNode): NodeFaultPort {
    return {
      put: (id, rule, options) => this.#put(node, id, rule, options),
      take: (id, options) => this.#take(node, id, options),
      peerId: (options) => this.#peerId(node, options),
      counts: (id, options) => this.#counts(node, id, options),
    }
  }

  /** The node is about to be stopped: what its faults did is not known to its next life. */
  async beforeStop(node: FaultyNode, { signal }: Options): Promise<void> {
    const rules = this.#rules.get(node.name)
    if (rules === undefined || rules.size === 0) return
    const patience = AbortSignal.any([signal, AbortSignal.timeout(LAST_COUNTS_MS)])
    // A node that stands still is stopped all the same; what its faults did is unknown then.
    const on = await onNode(node, { signal: patience }).catch(() => [])
    const earlier = this.#earlier.get(node.name) ?? new Map<string, FaultCounts | undefined>()
    this.#earlier.set(node.name, earlier)
    for (const id of rules.keys()) {
      const now = countsIn(on, id)
      earlier.set(id, earlier.has(id) ? bothOf(earlier.get(id), now) : now)
    }
  }

  /** Of a node that an earlier run has left: its faults are from here on those of this run. Their ids. */
  async takeOver(node: FaultyNode, options: Options): Promise<string[]> {
    const found = await onNode(node, options).catch((error: unknown) => {
      if (isStatus(error, 404)) return []
      throw error
    })
    const rules = new Map<string, JsonObject>()
    for (const { id, fault } of found) if (typeof id === 'string' && isJsonObject(fault)) rules.set(id, fault)
    if (rules.size > 0) this.#rules.set(node.name, rules)
    return [...rules.keys()]
  }

  /** What the node is to start with. */
  ofNode(name: string): JsonObject[] {
    return [...(this.#rules.get(name) ?? [])].map(([id, rule]) => ({ id, ...rule }))
  }

  /** The node runs anew: what it did not start with, because its program cannot, is put on now. */
  async restore(node: FaultyNode, options: Options): Promise<void> {
    const rules = this.#rules.get(node.name)
    if (rules === undefined || rules.size === 0) return
    const has = new Set((await onNode(node, options)).map(({ id }) => id))
    for (const [id, rule] of rules) if (!has.has(id)) await putRule(node, { id, ...rule }, options)
  }

  async #put(node: FaultyNode, id: string, rule: JsonObject, options: Options): Promise<void> {
    const ofNode = this.#rules.get(node.name) ?? new Map<string, JsonObject>()
    const before = ofNode.get(id)
    // First: where the answer is lost the node may have it, and whoever takes it off must know.
    this.#rules.set(node.name, ofNode.set(id, rule))
    this.#earlier.get(node.name)?.delete(id)
    if (!node.running) return
    try {
      await putRule(node, { id, ...rule }, options)
    } catch (error) {
      if (isRefusal(error)) {
        if (before === undefined) ofNode.delete(id)
        else ofNode.set(id, before)
      }
      throw error
    }
  }

  async #take(node: FaultyNode, id: string, options: Options): Promise<void> {
    const rules = this.#rules.get(node.name)
    if (rules?.has(id) !== true) return
    if (node.running) {
      const path = `${ROUTE}/${encodeURIComponent(id)}`
      await node.client.request('DELETE', path, options).catch((error: unknown) => {
        if (!isStatus(error, 404)) throw error
      })
    }
    // Last: until it is off it can be taken off again.
    rules.delete(id)
    this.#earlier.get(node.name)?.delete(id)
  }

  async #counts(node: FaultyNode, id: string, options: Options): Promise<FaultCounts | undefined> {
    const earlier = this.#earlier.get(node.name)
    if (!node.running) return earlier?.get(id)
    const now = countsIn(await onNode(node, options), id)
    return earlier?.has(id) === true ? bothOf(earlier.get(id), now) : now
  }

  #get(name: string): FaultyNode {
    const node = this.#find(name)
    if (node) return node
    throw new StepError('invalid', `there is no node ${name} in this run`)
  }

  async #peerId(node: FaultyNode, options: Options): Promise<string> {
    const known = this.#peerIds.get(node.name)
    if (known !== undefined) return known
    const status = await node.client.request('GET', '/admin-api/network/status', options)
    const peer = isJsonObject(status) ? status.localPeerId : undefined
    if (typeof peer !== 'string') {
      throw new StepError('unsupported', `node ${node.name} does not say its peer id`, { node: node.name })
    }
    this.#peerIds.set(node.name, peer)
    return peer
  }
}

function apartFrom(name: string): string {
  return `apart from ${name}`
}

async function onNode(node: FaultyNode, options: Options): Promise<JsonObject[]> {
  const reply = await node.client.request('GET', ROUTE, options)
  const faults = isJsonObject(reply) && Array.isArray(reply.faults) ? reply.faults : []
  return faults.filter(isJsonObject)
}

/** What this one did, of all that are on. */
function countsIn(on: readonly JsonObject[], id: string): FaultCounts | undefined {
  const { messages, refusedWrites } = on.find((fault) => fault.id === id) ?? {}
  const counts = isJsonObject(messages) ? messages : { refusedWrites: refusedWrites ?? null }
  const numbers = Object.entries(counts).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value]] : []))
  return numbers.length === 0 ? undefined : Object.fromEntries(numbers)
}

/** Unknown where one of them is: half of it would be told as the whole. */
function bothOf(earlier: FaultCounts | undefined, now: FaultCounts | undefined): FaultCounts | undefined {
  if (earlier === undefined || now === undefined) return undefined
  const names = [...new Set([...Object.keys(earlier), ...Object.keys(now)])]
  return Object.fromEntries(names.map((name) => [name, (earlier[name] ?? 0) + (now[name] ?? 0)]))
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof ClientError && error.status === status
}

/** The node has answered, or was never asked: what was asked for has not happened. */
function isRefusal(error: unknown): boolean {
  if (error instanceof StepError) return true
  return error instanceof ClientError && (!error.isNetworkFault || error.wasNeverSent)
}

async function putRule(node: FaultyNode, rule: JsonObject, options: Options): Promise<void> {
  await node.client.request('POST', ROUTE, { ...options, body: rule }).catch((error: unknown) => {
    if (!isStatus(error, 404)) throw error
    const message = `${node.name} has no faults: ${error instanceof Error ? error.message : String(error)}`
    throw new StepError('unsupported', message, { node: node.name, cause: error })
  })
}
