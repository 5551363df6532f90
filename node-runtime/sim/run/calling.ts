// The calls of a run. Who is down, or has not joined yet, is not called: what the scenario cannot spare is given to another.
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'
import type { TestNode } from '../../src/testing/test-node.ts'
import type { TestWorld } from '../../src/testing/test-nodes.ts'
import { RETRY_MS } from '../limits.ts'
import type { Attempt, History } from '../record/history.ts'
import { writesIn } from '../scenario/operations.ts'
import { type Operation, remainingNodes, type Scenario } from '../scenario/scenario.ts'
import type { Setting } from './settings.ts'

/** Calls of one burst are of one node, whoever that is. */
const BURST_MS = 1000

export interface CallingParts {
  readonly scenario: Scenario
  readonly setting: Setting
  readonly history: History
  /** Nodes that can be called. */
  readonly joined: ReadonlySet<string>
  readonly world: () => TestWorld
  readonly at: (atMs: number, act: () => void) => void
  readonly note: (what: string) => void
}

export class Calling {
  readonly #parts: CallingParts
  /** Members from the start that stay: of the others a call may be refused. */
  readonly #others: readonly string[]
  /** Writes that need not be attempted. */
  #spare: number

  constructor(parts: CallingParts) {
    const { operations, nodes, writesMin } = parts.scenario
    const remaining = new Set(remainingNodes(parts.scenario))
    this.#parts = parts
    this.#others = nodes.filter((name) => remaining.has(name))
    this.#spare = writesMin === undefined ? Number.POSITIVE_INFINITY : operations.flatMap(writesIn).length - writesMin
  }

  begin(): void {
    for (const operation of this.#parts.scenario.operations) this.#parts.at(operation.atMs, () => this.make(operation))
  }

  make(operation: Operation): void {
    const node = this.#up(operation.node)
    const { length } = writesIn(operation)
    if (node) this.#call(node, operation)
    else if (length <= this.#spare) {
      this.#spare -= length
      this.#parts.history.leftOut.push(operation)
    } else this.#give(operation)
  }

  /** Who that is depends on the time alone: a draw would change what else is drawn. */
  #give(operation: Operation): void {
    const { world, note } = this.#parts
    const up = this.#others.flatMap((name) => this.#up(name) ?? [])
    const node = up[Math.trunc(operation.atMs / BURST_MS) % up.length]
    if (!node) {
      world().clock.setTimer(() => this.#give(operation), RETRY_MS)
      return
    }
    note(`${node.name} is called for ${operation.node}`)
    this.#call(node, { ...operation, node: node.name })
  }

  #up(name: string): TestNode | undefined {
    const node = this.#parts.world().nodes.get(name)
    return node?.running && this.#parts.joined.has(name) ? node : undefined
  }

  #call(node: TestNode, operation: Operation): void {
    const { world, setting, history, note } = this.#parts
    const atMs = world().clock.nowMs()
    const attempt: Attempt = { operation, atMs, outcome: 'open', deltaId: undefined, error: undefined }
    history.attempts.push(attempt)
    const { method, args } = operation
    node.node.contexts
      .get(setting.shared.contextId)
      .then((context) => context.call({ method, input: utf8(JSON.stringify(args)) }))
      .then(
        ({ deltaId, value }) => {
          attempt.outcome = 'acknowledged'
          attempt.deltaId = deltaId
          if (value?.[0] === QUOTE) attempt.answer = JSON.parse(fromUtf8(value))
          note(`${operation.node} did ${method} ${deltaId}`)
        },
        (error) => {
          attempt.error = error instanceof Error ? error.message : String(error)
          if (node.alive) attempt.outcome = 'failed'
          note(`${operation.node} failed ${method} ${attempt.error}`)
        },
      )
  }
}

/** A text in JSON begins with it. */
const QUOTE = 0x22
