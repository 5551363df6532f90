// Which nodes are down, held still, cut off from each other or no members any more at a point of the walk.
import { type LintStep, textField, textsField } from '../source/lint-step.ts'
import { FaultsOn } from './faults-on.ts'
import type { MembershipChange } from './membership.ts'

export class Trouble {
  readonly #down = new Map<string, LintStep>()
  readonly #alone = new Set<string>()
  readonly #cuts = new Set<string>()
  /** They get nothing that is written since. */
  readonly #removed = new Set<string>()
  /** Begun by `fault`, by name. */
  readonly #faults = new Map<string, NamedFault>()
  readonly #on = new FaultsOn()
  #hasBeen = false
  #isBeside = false

  copy(): Trouble {
    const other = new Trouble()
    other.add(this)
    other.#isBeside = this.#isBeside
    return other
  }

  /** Also what is wrong there. */
  add(other: Trouble): void {
    for (const [node, step] of other.#down) this.#down.set(node, step)
    for (const node of other.#alone) this.#alone.add(node)
    for (const cut of other.#cuts) this.#cuts.add(cut)
    for (const node of other.#removed) this.#removed.add(node)
    for (const [name, fault] of other.#faults) this.#faults.set(name, fault)
    this.#on.add(other.#on)
    this.#hasBeen ||= other.#hasBeen
  }

  /** Steps that run at the same time make faults. */
  beside(): void {
    this.#isBeside = true
  }

  /** Anything may be wrong now, of whatever kind: a barrier might wait for what that keeps away. */
  get mayBeOn(): boolean {
    return this.#isBeside || this.#on.any || this.#down.size + this.#alone.size + this.#cuts.size > 0
  }

  /** The step that stopped or paused it. */
  downSince(node: string): LintStep | undefined {
    const named = [...this.#faults.values()].find(({ down }) => down.includes(node))
    return this.#down.get(node) ?? named?.step
  }

  areApart(a: string, b: string): boolean {
    if (a === b) return false
    const faults = [...this.#faults.values()]
    if (faults.some(({ cuts, alone }) => cuts.has(pair(a, b)) || alone.includes(a) || alone.includes(b))) return true
    return this.#isAway(a) || this.#isAway(b) || this.#cuts.has(pair(a, b))
  }

  #isAway(node: string): boolean {
    return this.#down.has(node) || this.#alone.has(node) || this.#removed.has(node)
  }

  /** No fault: nothing else is waited for in vain. */
  changeMembers({ removed, admitted }: MembershipChange): void {
    for (const node of removed) this.#removed.add(node)
    for (const node of admitted) this.#removed.delete(node)
  }

  /** Something has been wrong since the beginning, mended or not. */
  get hasBeen(): boolean {
    return this.#hasBeen
  }

  apply(step: LintStep, nodes: readonly string[], peers: readonly string[]): void {
    this.#hasBeen = true
    if (step.planned.kind === 'fault') this.#begin(step)
    if (step.planned.kind === 'heal') {
      this.#heal(step)
      this.#on.heal(step)
    }
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
          this.#runs(node)
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

  /** Whatever stopped or paused it: what else is wrong with it is so still. */
  #runs(node: string): void {
    this.#on.runs(node)
    for (const [name, fault] of this.#faults) {
      if (!fault.stops.includes(node)) continue
      const without = (nodes: readonly string[]) => nodes.filter((each) => each !== node)
      const { down, alone, stops } = fault
      this.#faults.set(name, { ...fault, down: without(down), alone: without(alone), stops: without(stops) })
    }
  }

  #begin(step: LintStep): void {
    const of = ['nodes', 'from', 'to'].flatMap((field) => textsField(step, field))
    this.#on.begin(step, [...of, ...groupsOf(step).flat()])
    const fault = namedFault(step)
    if (fault !== undefined) this.#faults.set(textField(step, 'as') ?? step.planned.path, fault)
  }

  /** Of a name that is not known here all are taken to be over: nothing is reported that may be right. */
  #heal(step: LintStep): void {
    const names = textsField(step, 'fault')
    const nodes = textsField(step, 'nodes')
    if (names.length > 0 && names.every((name) => this.#faults.has(name))) {
      for (const name of names) this.#faults.delete(name)
    } else if (nodes.length > 0) {
      for (const [name, { of }] of this.#faults) if (of.some((node) => nodes.includes(node))) this.#faults.delete(name)
    } else this.#faults.clear()
  }
}

interface NamedFault {
  readonly step: LintStep
  readonly of: readonly string[]
  /** Stopped, killed or paused, for a time or until the end. */
  readonly stops: readonly string[]
  /** They do not answer. */
  readonly down: readonly string[]
  /** They get nothing from others, or make nothing of it. */
  readonly alone: readonly string[]
  readonly cuts: ReadonlySet<string>
}

const DOWN = new Set(['stop', 'kill', 'pause'])
const APART = new Set(['partition', 'hold', 'drop', 'disk_full', 'read_only'])

/** Undefined: nothing that keeps what is written from others. */
function namedFault(step: LintStep): NamedFault | undefined {
  const [nodes, from, to] = ['nodes', 'from', 'to'].map((field) => textsField(step, field))
  if (nodes === undefined || from === undefined || to === undefined) return undefined
  const groups = groupsOf(step)
  const fault = textField(step, 'fault') ?? ''
  const of = [...nodes, ...from, ...to, ...groups.flat()]
  // One that ends by itself may be over at any step.
  const down = DOWN.has(fault) && step.planned.input.for === undefined ? nodes : []
  const stops = DOWN.has(fault) ? nodes : []
  if (!APART.has(fault)) return stops.length > 0 ? { step, of, stops, down, alone: nodes, cuts: new Set() } : undefined
  const apart = [...pairs([from, to]), ...pairs(groups)]
  // What is held comes by no other way either. What is dropped may come by a pull: whether it has is not said here.
  const isKept = fault === 'hold' || fault === 'drop'
  const between = from.length > 0 && to.length > 0
  const alone = between ? (isKept ? to : []) : [...nodes, ...from, ...to]
  return { step, of, stops, down, alone, cuts: new Set(apart) }
}

function groupsOf({ planned }: LintStep): string[][] {
  const { groups } = planned.input
  if (!Array.isArray(groups)) return []
  return groups.map((group) => (Array.isArray(group) ? group.filter((name) => typeof name === 'string') : []))
}

function pairs(groups: readonly (readonly string[])[]): string[] {
  return groups.flatMap((group, at) =>
    group.flatMap((a) => groups.slice(at + 1).flatMap((other) => other.map((b) => pair(a, b)))),
  )
}

function pair(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
