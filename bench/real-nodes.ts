// Real nodes of the built bundle, as processes on this machine, for benchmarks: started, asked over HTTP, ended.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { NODE_FLAGS } from '../workflows/src/driver/limits.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const CALNODE = path.join(ROOT, 'node-runtime/dist/calnode.js')
/** A machine of many may be slow; only what hangs ends here. */
const PATIENCE_MS = 120_000
/** A node asked to end has so long to do it by itself. */
const END_MS = 20_000

export type Json = Readonly<Record<string, unknown>>

export interface Shared {
  readonly applicationId: string
  readonly namespaceId: string
  readonly contextId: string
}

export class RealNode {
  readonly name: string
  readonly httpPort: number
  readonly swarmPort: number
  readonly child: ChildProcess
  /** Sent with what is asked, where the node asks for one. */
  token: string | undefined

  constructor(name: string, ports: readonly [number, number], child: ChildProcess) {
    this.name = name
    this.child = child
    ;[this.httpPort, this.swarmPort] = ports
  }

  get address(): string {
    return `/ip4/127.0.0.1/tcp/${this.swarmPort}`
  }

  get(route: string): Promise<Json> {
    return this.#ask('GET', route)
  }

  post(route: string, body: Json = {}): Promise<Json> {
    return this.#ask('POST', route, body)
  }

  /** The id of the delta that the call made. */
  async call(contextId: string, method: string, argsJson: Json = {}): Promise<string> {
    const params = { contextId, method, argsJson }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'execute', params })
    const response = await this.#fetch('POST', '/jsonrpc', body)
    const answer = (await response.json()) as Json
    if (answer.error) throw new Error(`${this.name} ${method}: ${JSON.stringify(answer.error)}`)
    return response.headers.get('x-calbox-delta') ?? ''
  }

  /** Creates a context of an application in a namespace of its own. */
  async share(wasm: string): Promise<Shared> {
    const { applicationId } = await this.post('/admin-api/install-dev-application', { path: wasm, metadata: [] })
    const { namespaceId } = await this.post('/admin-api/namespaces', { applicationId })
    return this.#context(String(applicationId), String(namespaceId))
  }

  /** One more context in the namespace of another. */
  another({ applicationId, namespaceId }: Shared): Promise<Shared> {
    return this.#context(applicationId, namespaceId)
  }

  /** Brings `other` into the namespace, and waits until it can call the context. */
  async invite(other: RealNode, { namespaceId, contextId }: Shared): Promise<void> {
    const { invitation } = await this.post(`/admin-api/namespaces/${namespaceId}/invite`)
    await other.post(`/admin-api/namespaces/${namespaceId}/join`, { invitation })
    await other.post(`/admin-api/contexts/${contextId}/join`)
  }

  /** Equal on two nodes that hold the same. */
  async standing(contextId: string): Promise<string> {
    const { contextStateHash, dagHeads } = await this.get(`/admin-api/contexts/${contextId}`)
    return `${contextStateHash} ${JSON.stringify(dagHeads)}`
  }

  async rssMiB(): Promise<number> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
  }

  /** Objects and buffers of the main thread, garbage that is not collected yet included. */
  async heapMiB(): Promise<number> {
    const response = await this.#fetch('GET', '/metrics')
    return Number(/^calnode_heap_used_bytes (\S+)/m.exec(await response.text())?.[1] ?? 0) / 2 ** 20
  }

  /** User and system time, in ticks of 10 ms. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.child.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    const late = setTimeout(() => this.child.kill('SIGKILL'), END_MS)
    await gone
    clearTimeout(late)
  }

  async #context(applicationId: string, groupId: string): Promise<Shared> {
    const request = { applicationId, groupId, initializationParams: [] }
    const { contextId } = await this.post('/admin-api/contexts', request)
    return { applicationId, namespaceId: groupId, contextId: String(contextId) }
  }

  async #ask(method: string, route: string, body?: Json): Promise<Json> {
    const response = await this.#fetch(method, route, body && JSON.stringify(body))
    const answer = (await response.json()) as Json
    if (!response.ok) throw new Error(`${this.name} ${route}: HTTP ${response.status} ${JSON.stringify(answer)}`)
    return (answer.data ?? answer) as Json
  }

  #fetch(method: string, route: string, body?: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.httpPort}${route}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
  }
}

export class RealNodes {
  readonly id: string
  readonly nodes: RealNode[] = []
  readonly #home: string

  private constructor(home: string) {
    this.#home = home
    this.id = path.basename(home)
  }

  static async open(label: string): Promise<RealNodes> {
    return new RealNodes(await mkdtemp(path.join(tmpdir(), `calbox-${label}-`)))
  }

  /** Healthy when it resolves. `flags` go to Node itself, `more` to the node. */
  async start(name: string, flags: readonly string[] = [], more: readonly string[] = []): Promise<RealNode> {
    const ports = [await freePort(), await freePort()] as const
    const args = [...NODE_FLAGS, ...flags, CALNODE, '--home', this.#home, '--node', name]
    args.push('run', '--init', '--network', this.id)
    args.push('--server-port', `${ports[0]}`, '--swarm-port', `${ports[1]}`)
    const boot = this.nodes.map(({ address }) => address).join(',')
    if (boot !== '') args.push('--boot-nodes', boot)
    args.push(...more)
    const log = openSync(path.join(this.#home, `${name}.log`), 'a')
    const child = spawn(process.execPath, args, { stdio: ['ignore', log, log] })
    closeSync(log)
    const node = new RealNode(name, ports, child)
    this.nodes.push(node)
    await until(`${name} to be healthy`, () =>
      node.get('/admin-api/health').then(
        () => true,
        () => false,
      ),
    )
    return node
  }

  async logOf(name: string): Promise<string> {
    return readFile(path.join(this.#home, `${name}.log`), 'utf8')
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end()))
    await rm(this.#home, { recursive: true, force: true })
  }
}

export async function until(what: string, holds: () => Promise<boolean>, everyMs = 25): Promise<void> {
  for (const endMs = Date.now() + PATIENCE_MS; Date.now() < endMs; await pause(everyMs)) if (await holds()) return
  throw new Error(`gave up waiting for ${what} after ${PATIENCE_MS} ms`)
}

/** Until all of them have the same heads and root. */
export function untilEqual(nodes: readonly RealNode[], contextId: string, everyMs = 10): Promise<void> {
  return until(
    'all to hold the same',
    async () => new Set(await Promise.all(nodes.map((node) => node.standing(contextId)))).size === 1,
    everyMs,
  )
}

export const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs))

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address !== null && typeof address === 'object' ? address.port : 0
}

/** The value below which `part` of them lie. */
export function quantile(values: readonly number[], part = 0.5): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export const round1 = (value: number): number => Math.round(10 * value) / 10
export const round2 = (value: number): number => Math.round(100 * value) / 100
/** Runnable processes of the last minute: others on the machine make every figure worse, ratios less. */
export const loadNow = (): number => round1(loadavg()[0] ?? 0)
