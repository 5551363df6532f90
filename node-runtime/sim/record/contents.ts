// What a checkpoint contains, although it names the last of it only: each was made over an earlier one that somebody had, by
// what it names, and its chain says over which (ADR 0012).
import { equalBytes } from '../../src/base/bytes.ts'
import type { DeltaId } from '../../src/base/ids.ts'
import { chainOver, type Role } from '../../src/context/retention/checkpoint.ts'
import type { Checkpoint } from '../../src/wire/checkpoint.ts'
import { Unanswered } from './unanswered.ts'

export interface Contents {
  readonly roles: ReadonlyMap<DeltaId, Role>
  /** Ends of the checkpoints with which what was removed has gone, oldest first. */
  readonly sweeps: readonly DeltaId[]
}

/** `known`: all that anybody honest ever had. Throws Unanswered where it was made over none of these. */
export function contentsOf(checkpoint: Checkpoint | undefined, known: Iterable<Checkpoint>): Contents {
  const roles = new Map<DeltaId, Role>()
  const sweeps: DeltaId[] = []
  const all = [...known]
  for (let at = checkpoint; at !== undefined; ) {
    const { count, names, before, isSwept } = beneath(at, all)
    for (const { id, role } of names.slice(names.length - count)) roles.set(id, role)
    if (isSwept) sweeps.unshift(at.last)
    at = before
  }
  return { roles, sweeps }
}

interface Named {
  readonly id: DeltaId
  readonly role: Role
}

interface Beneath {
  readonly count: number
  readonly names: readonly Named[]
  readonly before: Checkpoint | undefined
  readonly isSwept: boolean
}

/** The one that it was made over, undefined for nothing, and how many of those that it names it has besides. */
function beneath(checkpoint: Checkpoint, known: readonly Checkpoint[]): Beneath {
  const { recent, chain } = checkpoint
  const roles = Object.entries(recent) as [Role, readonly DeltaId[]][]
  const names = roles.flatMap(([role, ids]) => ids.map((id) => ({ id, role }))).sort((a, b) => (a.id < b.id ? -1 : 1))
  for (const before of [undefined, ...known]) {
    const count = checkpoint.count - (before?.count ?? 0)
    if (count < 1 || count > names.length) continue
    const next = names.slice(names.length - count)
    for (const isSwept of [false, true])
      if (equalBytes(chainOver(before, next, isSwept), chain)) return { count, names, before, isSwept }
  }
  throw new Unanswered('pruning', `nobody ever had what the checkpoint up to ${checkpoint.last} was made over`)
}
