// A driver whose nodes are fixture nodes of this process: the port, without processes.
import type {
  AdoptOptions,
  ExitCause,
  NodeDriver,
  NodeLog,
  NodeSpec,
  RunningNode,
  StartOptions,
} from '../driver/driver.ts'
import type { NetworkParts } from '../driver/network.ts'
import { PortReservations } from '../driver/process/ports.ts'
import type { ProcessGuard } from '../driver/process/program-group.ts'
import type { FixtureNetwork } from './fixture-network.ts'
import { startFixtureNode } from './fixture-server.ts'

/** Less than what the run gives the news. */
const NEWS_MS = 20

interface Life {
  readonly end: (cause: ExitCause) => void
  ended: boolean
}

export class FixtureDriver implements NodeDriver {
  readonly kind = 'process'
  readonly capabilities = { lifecycle: true, pause: true, logs: true, hostFiles: true, linkFaults: false }
  readonly network: FixtureNetwork
  readonly kept = new Set<string>()
  readonly specs: NodeSpec[] = []
  readonly stilled: string[] = []
  readonly commands: (readonly string[])[] = []
  /** Names of nodes that hold still, whoever holds them. */
  readonly still = new Set<string>()
  /** What would end with calbox, and what no longer does. */
  readonly guarded: string[] = []
  readonly guard: ProcessGuard = {
    watch: ({ wholeGroup }) => this.guarded.push(wholeGroup ? 'watch group' : 'watch'),
    unwatch: () => this.guarded.push('unwatch'),
  }
  /** Thrown by the next start. */
  failStart: Error | undefined
  readonly #lives = new Map<RunningNode, Life>()

  constructor(network: FixtureNetwork) {
    this.network = network
  }

  /** What the runner asks for. */
  open(): Pick<NetworkParts, 'driver' | 'ports'> {
    return { driver: this, ports: new PortReservations() }
  }

  async start(spec: NodeSpec, options: StartOptions): Promise<RunningNode> {
    options.signal.throwIfAborted()
    if (this.failStart) throw this.failStart
    this.specs.push(spec)
    const url = await startFixtureNode(this.network.node(spec.name))
    const exit = Promise.withResolvers<ExitCause>()
    const node: RunningNode = {
      name: spec.name,
      url,
      swarmAddress: '/ip4/127.0.0.1/tcp/0',
      spec,
      adopted: false,
      exited: exit.promise,
    }
    this.#lives.set(node, { end: exit.resolve, ended: false })
    return node
  }

  async adopt(_name: string, _options: AdoptOptions): Promise<undefined> {}

  async stop(node: RunningNode): Promise<ExitCause> {
    await this.#end(node, { code: 0 })
    return node.exited
  }

  async meshed(): Promise<void> {}

  async kill(node: RunningNode): Promise<ExitCause> {
    await this.#end(node, { signal: 'SIGKILL' })
    return node.exited
  }

  async pause(node: RunningNode): Promise<void> {
    this.stilled.push(`pause ${node.name}`)
    this.still.add(node.name)
  }

  async resume(node: RunningNode): Promise<void> {
    this.stilled.push(`resume ${node.name}`)
    this.still.delete(node.name)
  }

  pausedBy({ name }: RunningNode): string | undefined {
    return this.still.has(name) ? `process of ${name} is stopped` : undefined
  }

  /** Writes its arguments, one a line; `fail` fails. */
  async exec(_spec: NodeSpec, args: readonly string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    this.commands.push(args)
    return args[0] === 'fail'
      ? { exitCode: 2, stdout: '', stderr: 'no such command\n' }
      : { exitCode: 0, stdout: `${args.join('\n')}\n`, stderr: '' }
  }

  logs(node: RunningNode): NodeLog {
    const lines = [`{"msg":"started ${node.name}"}`, `{"msg":"last words of ${node.name}"}`]
    return {
      text: async () => `${lines.join('\n')}\n`,
      async *pieces() {
        yield `${lines.join('\n')}\n`
      },
      tail: async (count) => lines.slice(-count),
      end: async () => 0,
      async *follow() {},
    }
  }

  async keep(node: RunningNode): Promise<void> {
    this.kept.add(node.name)
  }

  async close(): Promise<void> {
    for (const node of this.#lives.keys()) if (!this.kept.has(node.name)) await this.stop(node)
  }

  /** The node ends by itself. */
  async crash(name: string, cause: ExitCause = { signal: 'SIGSEGV' }): Promise<void> {
    for (const node of this.#lives.keys()) if (node.name === name) await this.#end(node, cause)
  }

  /** The same, and the news of it comes after the connections have broken off, as it does from a process. */
  async crashUnnoticed(name: string): Promise<void> {
    await this.network.node(name).stop()
    setTimeout(() => this.lose(name), NEWS_MS)
  }

  /** It has ended, and its address answers still. */
  lose(name: string): void {
    for (const [node, life] of this.#lives) {
      if (node.name !== name || life.ended) continue
      life.ended = true
      life.end({ signal: 'SIGKILL' })
    }
  }

  async #end(node: RunningNode, cause: ExitCause): Promise<void> {
    const life = this.#lives.get(node)
    if (!life || life.ended) return
    life.ended = true
    this.still.delete(node.name)
    await this.network.node(node.name).stop()
    life.end(cause)
  }
}
