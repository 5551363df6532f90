// What is known at a point of the walk: the writes that some nodes may not have yet, the barriers and pauses passed since,
// what is cut. A write is visible on the node that made it; a barrier over nodes of which one has it makes all of them
// have it.
import { OPEN_WRITES_MAX } from '../limits.ts'
import type { LintStep } from '../source/lint-step.ts'
import { conditionsOf, ownConditions } from './conditions.ts'
import type { Race } from './order-facts.ts'
import type { ReadEffect, WriteEffect } from './related.ts'
import { Trouble } from './trouble.ts'

export interface OpenWrite {
  readonly effect: WriteEffect
  /** Count of things that had happened before. */
  readonly at: number
  /** Nodes that could get it when it was made. */
  readonly inReach: ReadonlySet<string>
  readonly visible: Set<string>
  /** Behind barriers under conditions: these nodes have it where all of the texts hold. */
  readonly visibleIf: { readonly conditions: readonly string[]; readonly nodes: readonly string[] }[]
}

interface Barrier extends Compared {
  readonly at: number
  readonly step: LintStep
  readonly nodes: readonly string[]
  /** Nodes that could not have taken part: cut off from one that did. */
  readonly away: ReadonlySet<string>
}

interface Sleep {
  readonly at: number
  readonly step: LintStep
  /** As it was meanwhile. */
  readonly trouble: Trouble
}

export class World {
  #at = 0
  #writes: OpenWrite[]
  readonly #barriers: Barrier[]
  readonly #sleeps: Sleep[]
  readonly trouble: Trouble
  readonly #allNodes: readonly string[]

  constructor(allNodes: readonly string[], from?: World) {
    this.#allNodes = allNodes
    this.#at = from === undefined ? 0 : from.#at
    this.#writes = from === undefined ? [] : [...from.#writes]
    this.#barriers = from === undefined ? [] : [...from.#barriers]
    this.#sleeps = from === undefined ? [] : [...from.#sleeps]
    this.trouble = from?.trouble.copy() ?? new Trouble()
  }

  /** For a group that runs beside others: what is open now is shared, what comes is its own. */
  fork(): World {
    return new World(this.#allNodes, this)
  }

  /** After the groups have ended. */
  join(forks: readonly World[]): void {
    const known = new Set(this.#writes)
    for (const fork of forks) {
      for (const write of fork.#writes) if (!known.has(write)) this.#add(write)
      this.#barriers.push(...fork.#barriers.filter(({ at }) => at > this.#at))
      this.#sleeps.push(...fork.#sleeps.filter(({ at }) => at > this.#at))
      this.trouble.add(fork.trouble)
    }
    this.#at = Math.max(this.#at, ...forks.map((fork) => fork.#at))
  }

  write(effect: WriteEffect): void {
    this.#at += 1
    const inReach = new Set(this.#allNodes.filter((node) => !this.trouble.areApart(effect.node, node)))
    this.#add({ effect, at: this.#at, inReach, visible: new Set([effect.node]), visibleIf: [] })
  }

  /** Made in this world, not before it was forked. */
  writesSince(base: World): OpenWrite[] {
    const before = new Set(base.#writes)
    return this.#writes.filter((write) => !before.has(write))
  }

  sleep(step: LintStep): void {
    this.#at += 1
    this.#sleeps.push({ at: this.#at, step, trouble: this.trouble.copy() })
  }

  barrier(step: LintStep, nodes: readonly string[], context: string | undefined, comparesGovernance: boolean): void {
    const conditions = ownConditions(step)
    if (conditions === undefined) return
    if (conditions.length > 0) {
      this.#barrierUnder(conditions, nodes, { context, comparesGovernance })
      return
    }
    this.#at += 1
    const away = new Set(this.#allNodes.filter((node) => nodes.some((other) => this.trouble.areApart(node, other))))
    this.#barriers.push({ at: this.#at, step, nodes, context, comparesGovernance, away })
    for (const write of this.#writes) {
      if (!compares({ context, comparesGovernance }, write)) continue
      if (nodes.some((node) => write.visible.has(node))) for (const node of nodes) write.visible.add(node)
    }
    this.#forgetSeen()
  }

  /** It may be left out, and then nothing was waited for. */
  #barrierUnder(conditions: readonly string[], nodes: readonly string[], compared: Compared): void {
    const holding = new Set(conditions)
    for (const write of this.#writes) {
      if (!compares(compared, write) || !nodes.some((node) => hasIt(write, node, holding))) continue
      const ofWrite = conditionsOf(write.effect.step)
      if (conditions.every((text) => ofWrite.has(text))) for (const node of nodes) write.visible.add(node)
      else write.visibleIf.push({ conditions, nodes })
    }
    this.#forgetSeen()
  }

  /** What was written before has come to these nodes, one way or another. */
  arrived(nodes: readonly string[], of: 'all' | 'governance'): void {
    for (const { effect, visible } of this.#writes) {
      if (of === 'all' || effect.about === 'governance') for (const node of nodes) visible.add(node)
    }
    this.#forgetSeen()
  }

  everythingArrived(of: 'all' | 'governance'): void {
    this.arrived(this.#allNodes, of)
  }

  /** Why the read may come too early: the newest write that it may miss. */
  raceOf(read: ReadEffect, isRelated: (write: WriteEffect) => boolean): Race | undefined {
    const holding = conditionsOf(read.step)
    for (const write of this.#writes.toReversed()) {
      if (hasIt(write, read.node, holding) || write.effect.about !== read.about || !isRelated(write.effect)) continue
      // Cut off from all that have it: the file wants to see that it does not come.
      const holders = [...write.visible].filter((node) => !this.trouble.areApart(node, read.node))
      const [holder] = holders
      const writer = write.effect.node
      if (holder !== undefined) return this.#race(read, write, holders.includes(writer) ? writer : holder)
      const writerStopped = this.trouble.downSince(writer)
      const isReaderDown = this.trouble.downSince(read.node) !== undefined
      if (writerStopped === undefined || isReaderDown || !write.inReach.has(read.node)) continue
      return { ...this.#race(read, write, writer), writerStopped }
    }
    return undefined
  }

  #race(read: ReadEffect, write: OpenWrite, holder: string): Race {
    const since = this.#barriers.filter(({ at }) => at > write.at)
    const other = since.findLast((barrier) => !compares(barrier, write) && barrier.nodes.includes(read.node))
    const sleeps = this.#sleeps
      .filter(({ at, trouble }) => at > write.at && !trouble.areApart(holder, read.node))
      .map(({ step }) => step)
    const leftOutOf = ({ nodes }: Barrier) => (nodes.includes(read.node) ? write.effect.node : read.node)
    const barrier = since.findLast((each) => compares(each, write) && !each.away.has(leftOutOf(each)))
    return {
      read: read.step,
      readNode: read.node,
      write: write.effect.step,
      writeNode: write.effect.node,
      holder,
      about: read.about,
      sleeps: [...new Set(sleeps)],
      isConcurrent: false,
      ...(barrier && { barrier: { step: barrier.step, leavesOut: leftOutOf(barrier) } }),
      ...(other && { otherBarrier: other.step }),
    }
  }

  #add(write: OpenWrite): void {
    this.#writes.push(write)
    if (this.#writes.length > OPEN_WRITES_MAX) this.#writes.shift()
  }

  #forgetSeen(): void {
    this.#writes = this.#writes.filter(({ visible }) => this.#allNodes.some((node) => !visible.has(node)))
  }
}

function hasIt({ visible, visibleIf }: OpenWrite, node: string, holding: ReadonlySet<string>): boolean {
  if (visible.has(node)) return true
  return visibleIf.some(
    ({ conditions, nodes }) => nodes.includes(node) && conditions.every((text) => holding.has(text)),
  )
}

interface Compared {
  /** Symbol of the context whose state it compares, if any. */
  readonly context: string | undefined
  readonly comparesGovernance: boolean
}

/** Which writes a barrier is for. A context that is not known may be any; state is compared together with governance. */
function compares(barrier: Compared, { effect }: OpenWrite): boolean {
  if (effect.about === 'governance') return true
  if (barrier.context === undefined) return false
  return barrier.context === effect.target || !(isId(barrier.context) && isId(effect.target))
}

function isId(symbol: string): boolean {
  return symbol.includes('new:')
}
