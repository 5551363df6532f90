// Faults of the connections of the nodes of a run, through the route that each node has for them. A fault lasts until it
// is taken off: a node that is started again gets its own back.

import { ClientError } from '../client/client-error.ts'
import type { NodeClient } from '../client/node-client.ts'
import { StepError } from '../steps/step-error.ts'
import type { LinkFault, NodeLinks } from '../steps/step-kind.ts'
import { isJsonObject, type JsonObject } from '../values/json/json-value.ts'

const ROUTE = '/test-api/faults'

type Signal = { readonly signal: AbortSignal }

export interface FaultyNode {
  readonly name: string
  /** Of the node as it runs now; throws where it does not. */
  readonly client: NodeClient
}

/** All faults of one run: both ends of a partition may heal it. */
export class NodeFaults {
  readonly #find: (name: string) => FaultyNode | undefined
  /** By node, then by what it is for: the rule, and its id on the node as it runs now. */
  readonly #faults = new Map<string, Map<string, { readonly rule: JsonObject; id: string | undefined }>>()

  /** `find` gives any node of the run by its name. */
  constructor(find: (name: string) => FaultyNode | undefined) {
    this.#find = find
  }

  linksOf(node: FaultyNode): NodeLinks {
    return {
      disconnect: (options) => this.#put(node, 'disconnected', { direction: 'both', blocked: true }, options),
      connect: (options) => this.#take(node, 'disconnected', options),
      partition: async (peers, options) => {
        for (const name of peers) {
          const peer = await this.#peerId(name, options)
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
          ? this.#take(node, 'degraded', options)
          : this.#put(node, 'degraded', { direction: 'out', ...fieldsOf(fault) }, options),
    }
  }

  /** The node runs anew: what was on is put on again. */
  async restore(node: FaultyNode, options: Signal): Promise<void> {
    for (const [what, { rule }] of this.#faults.get(node.name) ?? []) await this.#put(node, what, rule, options)
  }

  async #put(node: FaultyNode, what: string, rule: JsonObject, options: Signal): Promise<void> {
    const known = this.#faults.get(node.name)?.get(what)
    const id = await putRule(node, rule, options)
    const ofNode = this.#faults.get(node.name) ?? new Map()
    this.#faults.set(node.name, ofNode.set(what, { rule, id }))
    // The same one twice is one; the new one is on before the old one goes.
    if (known?.id !== undefined) await takeRule(node, known.id, options)
  }

  async #take(node: FaultyNode, what: string, options: Signal): Promise<void> {
    const known = this.#faults.get(node.name)?.get(what)
    this.#faults.get(node.name)?.delete(what)
    if (known?.id !== undefined) await takeRule(node, known.id, options)
  }

  async #peerId(name: string, options: Signal): Promise<string> {
    const node = this.#find(name)
    if (!node) throw new StepError('invalid', `there is no node ${name} in this run`)
    const status = await node.client.request('GET', '/admin-api/network/status', options)
    const peer = isJsonObject(status) ? status.localPeerId : undefined
    if (typeof peer === 'string') return peer
    throw new StepError('unsupported', `node ${name} does not say its peer id`, { node: name })
  }
}

function apartFrom(name: string): string {
  return `apart from ${name}`
}

function fieldsOf(fault: LinkFault): JsonObject {
  return 'lossPercent' in fault ? { lossPercent: fault.lossPercent } : { delayMs: fault.delayMs }
}

async function putRule(node: FaultyNode, rule: JsonObject, options: Signal): Promise<string> {
  const reply = await node.client.request('POST', ROUTE, { ...options, body: rule }).catch((error: unknown) => {
    if (!(error instanceof ClientError) || error.status !== 404) throw error
    const message = `the connections of ${node.name} cannot be cut: ${error.message}`
    throw new StepError('unsupported', message, { node: node.name, cause: error })
  })
  const id = isJsonObject(reply) ? reply.id : undefined
  if (typeof id === 'string') return id
  throw new StepError('failed', `node ${node.name} does not say which fault it has put on`, { node: node.name })
}

/** One that is not there any more, because the node was started again, is off. */
async function takeRule(node: FaultyNode, id: string, options: Signal): Promise<void> {
  await node.client.request('DELETE', `${ROUTE}/${encodeURIComponent(id)}`, options).catch((error: unknown) => {
    if (!(error instanceof ClientError) || error.status !== 404) throw error
  })
}
