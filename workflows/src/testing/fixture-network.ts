// A network of pretend nodes for tests: real HTTP servers that answer in the shapes of the admin API, over a
// key-value app and a replication that the test controls. It knows nothing of the engine's own modules.
import { createHash } from 'node:crypto'

export interface Write {
  readonly id: string
  /** Name of the node. */
  readonly author: string
  readonly key: string
  readonly value: unknown
}

export interface FixtureServer {
  readonly url: string
  close(): Promise<void>
}

export interface FixtureGroup {
  readonly id: string
  readonly namespaceId: string
  readonly name?: string
  readonly applicationId: string
  readonly members: { identity: string; role: string }[]
  readonly contexts: string[]
  visibility: string
}

export interface Fault {
  readonly method: string
  readonly path: RegExp
  /** `drop` ends the connection without an answer. */
  readonly answer: { status: number; body: unknown } | 'drop' | 'hang'
  times: number
}

/** Each write is a delta on the one before it. */
export function deltaId({ id }: Write): string {
  return createHash('sha256').update(id).digest('hex')
}

/** One pretend node. Its server may be stopped and started; its state outlives that. */
export class FixtureNode {
  readonly name: string
  readonly network: FixtureNetwork
  /** How many writes of each context this node has applied. */
  readonly applied = new Map<string, number>()
  readonly applications = new Map<string, string>()
  /** Tokens that are let in; undefined: everybody is. */
  tokens: Set<string> | undefined
  /** Why others are not, as the guard says it. */
  authError: string | undefined
  /** Tokens with which a WebSocket was asked for. */
  readonly sockets: (string | null)[] = []
  /** Sent on each WebSocket after its subscription. */
  readonly events: unknown[] = []
  /** What WebSockets have asked to be told of. */
  readonly subscriptions: unknown[] = []
  /** Of open WebSockets that have subscribed. */
  readonly listeners = new Set<(event: unknown) => void>()
  readonly blobs = new Map<string, string>()
  /** Metadata records, by the ids in their path. */
  readonly records = new Map<string, unknown>()
  readonly requests: { method: string; path: string; body: unknown; authorization?: string }[] = []
  readonly faults: Fault[] = []
  /** Answers for the next calls, before the app is asked: a JSON-RPC error object each. */
  readonly rpcErrors: { type: string; data?: unknown }[] = []
  /** Polls of a context's hash until a held write becomes visible here; Infinity: only by a sync request. */
  lagPolls = 0
  /** It tells which delta a call made, and where a delta is, as calnode does. */
  namesDeltas = true
  /** Sent with the next reply. */
  readonly replyHeaders: Record<string, string> = {}
  /** Rows of what waits here, by the name of the list: pending, parked, handlers, deadLetters; of xcalls only how many there are, and have attempts, is told. */
  readonly waiting: Record<string, object[]> = {}
  /** Its history is judged again after a removal. */
  revising = false
  /** Why deltas of its own cannot be written again yet. */
  rewritingError: string | undefined
  /** Where set, reported instead of the true one. */
  forgedGovernance: string | undefined
  /** What it tells of its governance log; undefined: it has no such route. */
  governanceLog: object | undefined
  /** Calls of `get` that do not see the last write of another node yet. */
  lagReads = 0
  /** Rows in a page of a list of members. */
  pageMax = 1000
  ready = true
  /** So many of the next WebSockets are never answered. */
  hangingSockets = 0
  /** Told of a request that is never answered. */
  onHang: () => void = () => undefined
  /** What the app's method `exit` does. */
  onExit: () => void = () => undefined
  /** What it has found out of how its state differs from that of another node. */
  divergence: object | undefined
  /** Where set, reported instead of the true root: a diverged node. */
  forgedRoot: string | undefined
  /** After so many reads of a root it is the true one again. */
  truthAfterReads = Number.POSITIVE_INFINITY
  forgedHeads: number[][] | undefined
  /** Digest of the removals that it judges by. */
  removals = '0'.repeat(64)
  /** Hash of what it has pruned. */
  checkpoint: string | undefined
  server: FixtureServer | undefined

  constructor(network: FixtureNetwork, name: string) {
    this.network = network
    this.name = name
  }

  get account(): string {
    return createHash('sha256').update(`account ${this.name}`).digest('hex')
  }

  get identity(): string {
    return `identity-of-${this.name}`
  }

  async stop(): Promise<void> {
    const server = this.server
    this.server = undefined
    await server?.close()
  }

  fail(method: string, path: RegExp, answer: Fault['answer'], times = 1): void {
    this.faults.push({ method, path, answer, times })
  }

  holds(contextId: string): boolean {
    return this.applied.has(contextId)
  }

  catchUp(contextId: string): void {
    if (this.holds(contextId)) this.applied.set(contextId, this.network.writes(contextId).length)
  }

  state(contextId: string): Map<string, unknown> {
    const writes = this.network.writes(contextId).slice(0, this.applied.get(contextId) ?? 0)
    return new Map(writes.map((write) => [write.key, write.value]))
  }

  root(contextId: string): string {
    this.truthAfterReads -= 1
    if (this.forgedRoot !== undefined && this.truthAfterReads >= 0) return this.forgedRoot
    const entries = [...this.state(contextId)].sort(([a], [b]) => (a < b ? -1 : 1))
    return createHash('sha256').update(JSON.stringify(entries)).digest('base64url')
  }

  heads(contextId: string): number[][] {
    if (this.forgedHeads) return this.forgedHeads
    const last = this.network.writes(contextId)[(this.applied.get(contextId) ?? 0) - 1]
    return last ? [[...Buffer.from(deltaId(last), 'hex')]] : []
  }
}

export class FixtureNetwork {
  readonly nodes = new Map<string, FixtureNode>()
  readonly groups = new Map<string, FixtureGroup>()
  readonly #writes = new Map<string, Write[]>()
  #counter = 0

  node(name: string): FixtureNode {
    let node = this.nodes.get(name)
    if (!node) {
      node = new FixtureNode(this, name)
      this.nodes.set(name, node)
    }
    return node
  }

  nextId(kind: string): string {
    this.#counter += 1
    return `${kind}${this.#counter}`
  }

  nextHexId(): string {
    this.#counter += 1
    return createHash('sha256').update(`id ${this.#counter}`).digest('hex')
  }

  writes(contextId: string): Write[] {
    let writes = this.#writes.get(contextId)
    if (!writes) {
      writes = []
      this.#writes.set(contextId, writes)
    }
    return writes
  }

  /** The author has the write at once, the others unless they lag. */
  write(author: FixtureNode, contextId: string, key: string, value: unknown): void {
    author.catchUp(contextId)
    const made = { id: this.nextId('write'), author: author.name, key, value }
    this.writes(contextId).push(made)
    if (author.namesDeltas) author.replyHeaders['x-calbox-delta'] = deltaId(made)
    author.catchUp(contextId)
    for (const node of this.nodes.values()) if (node.lagPolls === 0 && node.lagReads === 0) node.catchUp(contextId)
  }

  /** Others have them still. */
  loseWritesOf(name: string): void {
    const { applied } = this.node(name)
    for (const id of applied.keys()) applied.set(id, 0)
  }

  /** Nobody has any of them any more. */
  loseWrites(): void {
    this.#writes.clear()
    for (const node of this.nodes.values()) for (const id of node.applied.keys()) node.applied.set(id, 0)
  }

  groupOfContext(contextId: string): FixtureGroup | undefined {
    return [...this.groups.values()].find((group) => group.contexts.includes(contextId))
  }

  async close(): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.stop()))
  }
}
