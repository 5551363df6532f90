// Faults that the nodes of a run put on themselves, through the route that each node has for them. A fault lasts until it is
// taken off: a node that is started again has its own from its first moment.
import { ClientError } from '../../client/client-error.ts'
import type { NodeClient } from '../../client/node-client.ts'
import type { FaultCounts, NodeFaultPort } from '../../steps/fault/making/fault-port.ts'
import { StepError } from '../../steps/step-error.ts'
import type { LinkFault, NodeLinks } from '../../steps/step-kind.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'

const ROUTE = '/test-api/faults'
const DISCONNECTED = 'disconnected'
const DEGRADED = 'degraded'

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
          : this.#put(node, DEGRADED, { direction: 'out', ...fieldsOf(fault) }, options),
    }
  }

  portOf(node: FaultyNode): NodeFaultPort {
    return {
      put: (id, rule, options) => this.#put(node, id, rule, options),
      take: (id, options) => this.#take(node, id, options),
      peerId: (options) => this.#peerId(node, options),
      counts: async (id, options) => {
        if (!node.running) return undefined
        const found = (await onNode(node, options)).find((fault) => fault.id === id)
        const { messages, refusedWrites } = found ?? {}
        return countsOf(isJsonObject(messages) ? messages : { refusedWrites: refusedWrites ?? null })
      },
    }
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
    if (node.running) await putRule(node, { id, ...rule }, options)
    const ofNode = this.#rules.get(node.name) ?? new Map<string, JsonObject>()
    this.#rules.set(node.name, ofNode.set(id, rule))
  }

  async #take(node: FaultyNode, id: string, options: Options): Promise<void> {
    if (this.#rules.get(node.name)?.delete(id) !== true || !node.running) return
    const path = `${ROUTE}/${encodeURIComponent(id)}`
    await node.client.request('DELETE', path, options).catch((error: unknown) => {
      if (!(error instanceof ClientError) || error.status !== 404) throw error
    })
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

function fieldsOf(fault: LinkFault): JsonObject {
  return 'lossPercent' in fault ? { lossPercent: fault.lossPercent } : { delayMs: fault.delayMs }
}

async function onNode(node: FaultyNode, options: Options): Promise<JsonObject[]> {
  const reply = await node.client.request('GET', ROUTE, options)
  const faults = isJsonObject(reply) && Array.isArray(reply.faults) ? reply.faults : []
  return faults.filter(isJsonObject)
}

function countsOf(counts: Readonly<Record<string, JsonValue>>): FaultCounts | undefined {
  const numbers = Object.entries(counts).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value]] : []))
  return numbers.length === 0 ? undefined : Object.fromEntries(numbers)
}

async function putRule(node: FaultyNode, rule: JsonObject, options: Options): Promise<void> {
  await node.client.request('POST', ROUTE, { ...options, body: rule }).catch((error: unknown) => {
    if (!(error instanceof ClientError) || error.status !== 404) throw error
    const message = `${node.name} has no faults: ${error.message}`
    throw new StepError('unsupported', message, { node: node.name, cause: error })
  })
}
