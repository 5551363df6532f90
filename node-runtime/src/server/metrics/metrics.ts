// What is counted and measured, in the text that Prometheus reads. Where the reference node has a family for the same thing,
// ours has its name; our own begin with `calnode_`. No label has a value that clients choose.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import about from '../../../package.json' with { type: 'json' }
import { METRICS_AGE_MS } from '../limits.ts'
import type { NodeServices } from '../ports.ts'
import type { Figure } from './figure.ts'
import { networkFigures } from './network-figures.ts'
import { nodeFigures } from './node-figures.ts'
import { processFigures } from './process-figures.ts'

/** 1 ms, doubled 14 times, in seconds. */
const BUCKETS = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power)

export interface AnsweredRequest {
  readonly method: string
  /** The route's template; undefined for a path that has none. */
  readonly path: string | undefined
  readonly status: number
  readonly tookMs: number
}

export class Metrics {
  readonly #node: NodeServices
  readonly #registry = new Registry()
  readonly #requests: Counter
  readonly #requestSeconds: Histogram
  readonly #executions: Counter
  readonly #executionSeconds: Histogram
  readonly #sources: (() => readonly Figure[])[] = []
  readonly #figures = new Map<string, Counter | Gauge>()
  #told: { readonly atMs: number; readonly text: Promise<string> } | undefined

  constructor(node: NodeServices) {
    this.#node = node
    const registers = [this.#registry]
    const labelNames = ['method', 'path', 'status']
    this.#requests = new Counter({ name: 'http_requests_total', help: 'Requests answered', labelNames, registers })
    this.#requestSeconds = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'From the head of a request to the end of its answer',
      labelNames,
      buckets: BUCKETS,
      registers,
    })
    const outcome = ['outcome']
    this.#executions = new Counter({
      name: 'context_runtime_execution_count_total',
      help: 'Calls of clients into contexts',
      labelNames: outcome,
      registers,
    })
    this.#executionSeconds = new Histogram({
      name: 'context_runtime_execution_duration_seconds',
      help: 'How long those calls took, their wait for others included',
      labelNames: outcome,
      buckets: BUCKETS,
      registers,
    })
    const info = new Gauge({
      name: 'merod_build_info',
      help: 'Which node this is',
      labelNames: ['version', 'peer_id'],
      registers,
    })
    info.set({ version: about.version, peer_id: node.ports.network.peerId }, 1)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  request({ method, path = 'none', status, tookMs }: AnsweredRequest): void {
    const labels = { method, path, status: `${Math.floor(status / 100)}xx` }
    this.#requests.inc(labels)
    this.#requestSeconds.observe(labels, tookMs / 1000)
  }

  execution(outcome: 'ok' | 'failed', tookMs: number): void {
    this.#executions.inc({ outcome })
    this.#executionSeconds.observe({ outcome }, tookMs / 1000)
  }

  /** What others count is asked for whenever the figures are. */
  add(source: () => readonly Figure[]): void {
    this.#sources.push(source)
  }

  /** What could be told at most METRICS_AGE_MS ago: whoever asks, and however often, it is made no more often. */
  text(): Promise<string> {
    const nowMs = this.#node.ports.clock.nowMs()
    const ageMs = nowMs - (this.#told?.atMs ?? 0)
    if (!this.#told || ageMs < 0 || ageMs >= METRICS_AGE_MS) this.#told = { atMs: nowMs, text: this.#make() }
    return this.#told.text
  }

  /** A node that stops has fewer figures, and no failure. */
  async #make(): Promise<string> {
    const others = this.#sources.flatMap((source) => source())
    const { network } = this.#node.ports
    const figures = [
      ...(await processFigures()),
      ...(await nodeFigures(this.#node)),
      ...networkFigures(network),
      ...others,
    ]
    for (const shown of this.#figures.values()) shown.reset()
    for (const figure of figures) this.#show(figure)
    return this.#registry.metrics()
  }

  #show({ name, help, value, labels = {}, isCount = false }: Figure): void {
    const asked = { name, help, labelNames: Object.keys(labels), registers: [this.#registry] }
    const shown = this.#figures.get(name) ?? (isCount ? new Counter(asked) : new Gauge(asked))
    this.#figures.set(name, shown)
    shown.inc(labels, value)
  }
}
