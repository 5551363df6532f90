// Faults that the nodes of a run put on themselves, through the route that each node has for them. A fault lasts until it is
// taken off: a node that is started again has its own from its first moment.
import { ClientError } from '../../client/client-error.ts'
import type { NodeClient } from '../../client/node-client.ts'
import type { KernelLinks } from '../../driver/kernel-links.ts'
import type { ActiveFault, FaultCounts, FaultMaker, NodeFaultPort } from '../../steps/fault/making/fault-port.ts'
import { StepError } from '../../steps/step-error.ts'
import type { CutOptions, NodeLinks } from '../../steps/step-kind.ts'
import { isJsonObject, type JsonObject } from '../../values/json/json-value.ts'
import type { SourcePlace } from '../events.ts'
import { KernelFaults, type KernelNote } from './kernel-faults.ts'

const ROUTE = '/test-api/faults'
const DISCONNECTED = 'disconnected'
const DEGRADED = 'degraded'
const APART = 'apart from '

/** For a node that is about to be stopped to tell what its faults did. */
const LAST_COUNTS_MS = 1_000
/** For what a step ends itself, when nobody waits for it any more. */
const DEGRADED_END_MS = 5_000

type Options = { readonly signal: AbortSignal }

export interface FaultyNode {
  readonly name: string
  readonly running: boolean
  /** Of the node as it runs now; throws where it does not. */
  readonly client: NodeClient
}

/** Asked with this token. */
export function withToken(node: FaultyNode, token: string): FaultyNode {
  return {
    name: node.name,
    get running() {
      return node.running
    },
    get client() {
      return node.client.withToken(token)
    },
  }
}

/** All of one run: both ends of a partition may heal it. */
export class NodeFaults {
  readonly #find: (name: string) => FaultyNode | undefined
  /** By node, then by id. */
  readonly #rules = new Map<string, Map<string, JsonObject>>()
  /** What they did before the last restart of their node, which begins to count anew; undefined where it did not tell. */
  readonly #earlier = new Map<string, Map<string, FaultCounts | undefined>>()
  /** Of the steps that cut connections, by node and id. */
  readonly #places = new Map<string, SourcePlace>()
  /** A node keeps its own over restarts. */
  readonly #peerIds = new Map<string, string>()

  #degraded = 0

  readonly #kernel: KernelFaults | undefined

  /**
   * `find` gives any node of the run by its name. `kernel`: makes those faults of connections that it can; of the rest `note`
   * is told why nodes make them themselves.
   */
  constructor(
    find: (name: string) => FaultyNode | undefined,
    kernel?: { readonly links: KernelLinks; readonly note: KernelNote },
  ) {
    this.#find = find
    this.#kernel = kernel && new KernelFaults(kernel.links, this.#peerIds, kernel.note)
  }

  /** `as`: how this node and others are asked. */
  linksOf(bare: FaultyNode, as: (node: FaultyNode) => FaultyNode = (node) => node): NodeLinks {
    const node = as(bare)
    return {
      disconnect: async (options) => {
        await this.#cut(node, DISCONNECTED, { direction: 'both', blocked: true }, options)
      },
      connect: (options) => this.#take(node, DISCONNECTED, options),
      partition: async (peers, options) => {
        for (const name of peers) {
          const peer = await this.#peerId(as(this.#get(name)), options)
          await this.#cut(node, apartFrom(name), { direction: 'both', blocked: true, peers: [peer] }, options)
        }
      },
      heal: async (peers, options) => {
        for (const name of peers) {
          await this.#take(node, apartFrom(name), options)
          const other = this.#find(name)
          if (other) await this.#take(as(other), apartFrom(node.name), options)
        }
      },
      degrade: async (fault, meanwhile, options) => {
        const id = this.#degradedId(node.name)
        try {
          await this.#cut(node, id, { direction: 'out', ...fault }, options)
          await meanwhile()
        } finally {
          // Also where the run is being ended: the node may be kept.
          await this.#take(node, id, { signal: AbortSignal.timeout(DEGRADED_END_MS) })
        }
      },
    }
  }

  has(node: string, id: string): boolean {
    return this.#rules.get(node)?.has(id) === true
  }

  /** Ids of those that a fault on these nodes keeps them apart from. */
  peersIn(nodes: readonly string[], id: string): string[] {
    const peers = nodes.flatMap((node) => this.#rules.get(node)?.get(id)?.peers ?? [])
    return [...new Set(peers.filter((peer) => typeof peer === 'string'))]
  }

  /** What steps have done to connections that made no fault with a name of its own. */
  cuts(): ActiveFault[] {
    return [...this.#rules].flatMap(([node, rules]) =>
      [...rules.keys()].flatMap((name): ActiveFault[] => {
        const place = this.#places.get(placeKey(node, name))
        const peer = name.startsWith(APART) ? [name.slice(APART.length)] : []
        return place === undefined ? [] : [{ name, what: `${node} ${name}`, nodes: [node, ...peer], place }]
      }),
    )
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

  /** What the node is to start with. What the kernel makes of it, the node makes itself until that is in place again. */
  ofNode(name: string): JsonObject[] {
    const own = [...(this.#rules.get(name) ?? [])].map(([id, rule]) => ({ id, ...rule }))
    return [...own, ...(this.#kernel?.cutsOffFrom(name, this.#rules) ?? [])]
  }

  /**
   * The node outlives the run, which may not: what the kernel made of its faults it makes itself from here on. Told are those
   * that the kernel still makes, each with the reason.
   */
  async handOver(node: FaultyNode, options: Options): Promise<string[]> {
    const left: string[] = []
    for (const [id, rule] of this.#rules.get(node.name) ?? []) {
      if (this.#kernel?.makes(node.name, id) !== true) continue
      try {
        await putRule(node, { id, ...rule }, options)
        await this.#kernel.take(node.name, id, options)
      } catch (error) {
        left.push(`${id} of ${node.name} (${error instanceof Error ? error.message : String(error)})`)
      }
    }
    return left
  }

  /** The node runs anew: what it did not start with, because its program cannot, is put on now. */
  async restore(node: FaultyNode, options: Options): Promise<void> {
    const rules = this.#rules.get(node.name) ?? new Map<string, JsonObject>()
    const cuts = this.#kernel?.cutsOffFrom(node.name, this.#rules) ?? []
    if (rules.size === 0 && cuts.length === 0) return
    const has = new Set((await onNode(node, options)).map(({ id }) => id))
    for (const [id, rule] of rules) {
      const isOfKernel = this.#kernel?.makes(node.name, id) === true
      if (isOfKernel && has.has(id)) await takeRule(node, id, options)
      if (!isOfKernel && !has.has(id)) await putRule(node, { id, ...rule }, options)
    }
    for (const { id } of cuts) if (typeof id === 'string' && has.has(id)) await takeRule(node, id, options)
  }

  /** Another one each time: several may be on beside each other, and one of an earlier run. */
  #degradedId(node: string): string {
    let id: string
    do {
      this.#degraded += 1
      id = `${DEGRADED} ${this.#degraded}`
    } while (this.has(node, id))
    return id
  }

  async #cut(node: FaultyNode, id: string, rule: JsonObject, { place, ...options }: CutOptions): Promise<void> {
    await this.#put(node, id, rule, options)
    if (place !== undefined) this.#places.set(placeKey(node.name, id), place)
  }

  async #put(node: FaultyNode, id: string, rule: JsonObject, options: Options): Promise<FaultMaker> {
    const isOfKernel = (await this.#kernel?.accepts(node, rule, options)) === true
    const wasOfKernel = this.#kernel?.makes(node.name, id) === true
    const wasOfNode = !wasOfKernel && this.#rules.get(node.name)?.has(id) === true
    if (isOfKernel) {
      if (rule.peers !== undefined && node.running) await this.#peerId(node, options)
      this.#remember(node.name, id, rule)
      await this.#kernel?.put(node.name, id, rule, options)
      if (wasOfNode && node.running) await takeRule(node, id, options)
      return 'kernel'
    }
    await this.#putOnNode(node, id, rule, options)
    if (wasOfKernel) await this.#kernel?.take(node.name, id, options)
    return 'node'
  }

  #remember(node: string, id: string, rule: JsonObject): void {
    const ofNode = this.#rules.get(node) ?? new Map<string, JsonObject>()
    this.#rules.set(node, ofNode.set(id, rule))
    this.#earlier.get(node)?.delete(id)
  }

  async #putOnNode(node: FaultyNode, id: string, rule: JsonObject, options: Options): Promise<void> {
    const before = this.#rules.get(node.name)?.get(id)
    // First: where the answer is lost the node may have it, and whoever takes it off must know.
    this.#remember(node.name, id, rule)
    if (!node.running) return
    try {
      await putRule(node, { id, ...rule }, options)
    } catch (error) {
      if (isRefusal(error)) {
        if (before === undefined) this.#rules.get(node.name)?.delete(id)
        else this.#rules.get(node.name)?.set(id, before)
      }
      throw error
    }
  }

  async #take(node: FaultyNode, id: string, options: Options): Promise<void> {
    const rules = this.#rules.get(node.name)
    if (rules?.has(id) !== true) return
    if (this.#kernel?.makes(node.name, id) === true) await this.#kernel.take(node.name, id, options)
    else if (node.running) await takeRule(node, id, options)
    // Last: until it is off it can be taken off again.
    rules.delete(id)
    this.#places.delete(placeKey(node.name, id))
    this.#earlier.get(node.name)?.delete(id)
  }

  async #counts(node: FaultyNode, id: string, options: Options): Promise<FaultCounts | undefined> {
    if (this.#kernel?.makes(node.name, id) === true) return undefined
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
  return `${APART}${name}`
}

function placeKey(node: string, id: string): string {
  return `${node}\n${id}`
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

async function takeRule(node: FaultyNode, id: string, options: Options): Promise<void> {
  const path = `${ROUTE}/${encodeURIComponent(id)}`
  await node.client.request('DELETE', path, options).catch((error: unknown) => {
    if (!isStatus(error, 404)) throw error
  })
}

async function putRule(node: FaultyNode, rule: JsonObject, options: Options): Promise<void> {
  await node.client.request('POST', ROUTE, { ...options, body: rule }).catch((error: unknown) => {
    if (!isStatus(error, 404)) throw error
    const message = `${node.name} has no faults: ${error instanceof Error ? error.message : String(error)}`
    throw new StepError('unsupported', message, { node: node.name, cause: error })
  })
}
