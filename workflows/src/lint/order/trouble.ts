// Which nodes are down, held still or cut off from each other at a point of the walk.
import type { LintStep } from '../source/lint-step.ts'

export class Trouble {
  readonly #down = new Map<string, LintStep>()
  readonly #alone = new Set<string>()
  readonly #cuts = new Set<string>()
  #hasBeen = false

  copy(): Trouble {
    const other = new Trouble()
    other.add(this)
    return other
  }

  /** Also what is wrong there. */
  add(other: Trouble): void {
    for (const [node, step] of other.#down) this.#down.set(node, step)
    for (const node of other.#alone) this.#alone.add(node)
    for (const cut of other.#cuts) this.#cuts.add(cut)
    this.#hasBeen ||= other.#hasBeen
  }

  /** The step that stopped or paused it. */
  downSince(node: string): LintStep | undefined {
    return this.#down.get(node)
  }

  areApart(a: string, b: string): boolean {
    if (a === b) return false
    return this.#isAway(a) || this.#isAway(b) || this.#cuts.has(pair(a, b))
  }

  #isAway(node: string): boolean {
    return this.#down.has(node) || this.#alone.has(node)
  }

  /** Something has been wrong since the beginning, mended or not. */
  get hasBeen(): boolean {
    return this.#hasBeen
  }

  apply(step: LintStep, nodes: readonly string[], peers: readonly string[]): void {
    this.#hasBeen = true
    for (const node of nodes) {
      switch (step.planned.kind) {
        case 'stop_node':
        case 'pause_container':
          this.#down.set(node, step)
          break
        case 'start_node':
        case 'unpause_container':
        case 'restart_container':
          this.#down.delete(node)
          break
        case 'disconnect_node':
          this.#alone.add(node)
          break
        case 'connect_node':
          this.#alone.delete(node)
          break
        case 'partition_peers':
          for (const peer of peers) this.#cuts.add(pair(node, peer))
          break
        case 'heal_peers':
          for (const peer of peers) this.#cuts.delete(pair(node, peer))
      }
    }
  }
}

function pair(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
