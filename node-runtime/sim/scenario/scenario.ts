// A scenario: everything that happens to a simulated network, as plain JSON. A seed generates one, the shrinker makes
// smaller ones, and the same scenario always gives the same run.

export const FAULT_KINDS = [
  'loss',
  'delay',
  'reorder',
  'duplicate',
  'one-way',
  'partition',
  'flap',
  'slow',
  'skew',
  'crash',
  'restart',
  'late',
  'removal',
  'hostile',
] as const
export type DrawnKind = (typeof FAULT_KINDS)[number]
/** The others are never drawn: rarities and additions add them. */
export type FaultKind = DrawnKind | 'rotation' | 'chore' | 'upgrade' | 'presence' | 'stumble'

/** How a member loses the shared context. `right`: to open groups; `closing`: those who stay are members of the group then. */
export const WAYS_OUT = ['removed', 'right', 'closing'] as const
export type WayOut = (typeof WAYS_OUT)[number]

/** What operators do with groups. */
export const CHORES = ['group', 'move', 'open', 'close', 'delete', 'describe', 'follow'] as const
/** And with the group and the context that the seed is about. */
export const SHARED_CHORES = ['promote', 'rekey', 'rename', 'propose', 'approve'] as const
export type Chore = (typeof CHORES)[number] | (typeof SHARED_CHORES)[number]

export const APPS = ['mixed', 'collections', 'order-sensitive'] as const
export type AppName = (typeof APPS)[number]

/** Times are milliseconds of true time since all nodes were up. */
interface Window {
  readonly fromMs: number
  readonly untilMs: number
}

/** What the hostile peer does when it is asked for something. */
export const SERVINGS = ['nothing', 'silence', 'garbage', 'half', 'refusal', 'reset'] as const
/** `false-state`, never drawn: a base and a checkpoint whose entries are not those that were signed. */
export const ALL_SERVINGS = [...SERVINGS, 'false-state'] as const
export type Serving = (typeof ALL_SERVINGS)[number]

export const HOSTILE_ACTS = [
  'bad-signature',
  'forged-author',
  'forged-parent',
  'equivocate',
  'backdate',
  'future',
  'unknown-key',
  'malformed-artifact',
  'borrowed-artifact',
  'garbage-gossip',
  'garbage-streams',
  'replay',
  'flood',
  'false-heads',
  'false-root',
  'seize-power',
  'false-vouch',
] as const
/**
 * None of these is drawn. `pry`: a stranger asks for what members have. `early-cut`: with whoever made the context it vouches, at a
 * cut of which that one is most, for another state. `spoil`: from then on it repeats what is signed together under a false signature.
 * `false-rewrite`: it says that what it signs stands for what another has written.
 */
export const ALL_HOSTILE_ACTS = [...HOSTILE_ACTS, 'early-cut', 'pry', 'spoil', 'false-rewrite'] as const
export type HostileAct = (typeof ALL_HOSTILE_ACTS)[number]

/**
 * What a node has just done: `waiting`, it has put aside what lacks a parent; `judging`, begun to judge its history again;
 * `rewriting`, written a lost one of its own again; `pruned`, gone to another checkpoint with its history.
 */
export const TURNS = ['swap', 'handler', 'waiting', 'judging', 'rewriting', 'pruned'] as const
export type Turn = (typeof TURNS)[number]

export type Fault =
  | ({ readonly kind: 'loss'; readonly rate: number } & Window)
  | ({ readonly kind: 'delay'; readonly maxMs: number } & Window)
  /** A share of gossip comes up to `maxMs` later than the rest. */
  | ({ readonly kind: 'reorder'; readonly rate: number; readonly maxMs: number } & Window)
  | ({ readonly kind: 'duplicate'; readonly rate: number } & Window)
  | ({ readonly kind: 'one-way'; readonly from: readonly string[]; readonly to: readonly string[] } & Window)
  /** `silent`: connections stay up and carry nothing. Otherwise they break. */
  | ({ readonly kind: 'partition'; readonly sides: readonly (readonly string[])[]; readonly silent: boolean } & Window)
  | ({ readonly kind: 'flap'; readonly a: string; readonly b: string; readonly periodMs: number } & Window)
  | ({ readonly kind: 'slow'; readonly node: string; readonly delayMs: number; readonly bytesPerMs: number } & Window)
  | { readonly kind: 'skew'; readonly node: string; readonly atMs: number; readonly skewMs: number }
  /** Dies at its `batch`-th write after `atMs`, which is on the disk or not. */
  | {
      readonly kind: 'crash'
      readonly node: string
      readonly atMs: number
      readonly batch: number
      readonly written: boolean
      readonly downMs: number
      /** Counted from when a peer's state has taken the place of its own, or an event is in the queue of its handlers. */
      readonly on?: Turn
    }
  /** `clean`: a regular end. Otherwise as `kill -9`, between two writes. */
  | {
      readonly kind: 'restart'
      readonly node: string
      readonly atMs: number
      readonly downMs: number
      readonly clean: boolean
    }
  | {
      readonly kind: 'late'
      readonly node: string
      readonly via: string
      readonly atMs: number
      /** Absent: it may write. */
      readonly role?: 'ReadOnly'
    }
  /** Where `how` is said, the context is in an open group that all but its maker inherit. */
  | {
      readonly kind: 'removal'
      readonly node: string
      readonly by: string
      readonly atMs: number
      readonly how?: WayOut
    }
  /** Makes a new key of the group, which all others have to ask for. */
  | { readonly kind: 'rotation'; readonly node: string; readonly atMs: number }
  /** Something that an operator does with the groups of the namespace. */
  | {
      readonly kind: 'chore'
      readonly node: string
      readonly chore: Chore
      readonly pick: number
      readonly atMs: number
    }
  /** The context runs another version of its application from then on. */
  | {
      readonly kind: 'upgrade'
      readonly node: string
      readonly atMs: number
      /** To one with a later version of the state. */
      readonly migrates?: true
    }
  /** Of the runs of a guest on it, this share takes too long and is ended: a busy machine. */
  | ({ readonly kind: 'stumble'; readonly node: string; readonly rate: number } & Window)
  /** A member shows something to the others; null: nothing any more. */
  | { readonly kind: 'presence'; readonly node: string; readonly shows: string | null; readonly atMs: number }
  | {
      readonly kind: 'hostile'
      readonly member: boolean
      readonly serving: Serving
      readonly acts: readonly { readonly atMs: number; readonly act: HostileAct }[]
    }

export interface Operation {
  readonly atMs: number
  readonly node: string
  readonly method: string
  readonly args: Readonly<Record<string, string>>
}

/** What a rarity has added: who wants it need not run the seeds without. */
export const MARKS = [
  'even sides',
  'unheard',
  'new key',
  'clock behind',
  'waiting crash',
  'handler crash',
  'false base',
  'late pins',
  'chores',
  'upgrade',
  'guest upgrade',
  'migration',
  'failing migration',
  'proposals',
  'presence',
  'removers',
  'witnesses',
  'deaf',
  'alone',
  'steady',
  'overtaken',
  'overtaken pair',
  'contradicted',
  'early cut',
  'both out',
  'out with a fellow',
  'stands again',
  'slices',
  'shown under a new key',
  'asked in vain',
  'key unheard of',
  'no key fits',
  'every word',
  'certified twice',
  'called behind',
  'prying',
  'spoiling',
  'rewriting crash',
  'parted',
  'parted and grown',
  'reader',
  'stumbling',
  'redone',
  'false rewrite',
  'sweeping',
  'accepted behind',
] as const
export type Mark = (typeof MARKS)[number]

/** Marks of what comes after all else: a seed has one of them. */
export const ENDINGS: readonly Mark[] = [
  'even sides',
  'unheard',
  'new key',
  'clock behind',
  'handler crash',
  'deaf',
  'alone',
  'steady',
  'overtaken',
  'overtaken pair',
  'stands again',
  'shown under a new key',
  'asked in vain',
  'key unheard of',
  'no key fits',
  'certified twice',
  'called behind',
  'accepted behind',
]

/** This ending instead of another. */
export function markedInstead({ marks = [] }: Pick<Scenario, 'marks'>, before: Mark, after: Mark): Mark[] {
  return [...marks.filter((mark) => mark !== before), after]
}

export interface Scenario {
  readonly v: 1
  /** Of all chance in the run itself. */
  readonly seed: string
  readonly app: AppName
  /** Members from the start; the first of them made the context. */
  readonly nodes: readonly string[]
  readonly network: { readonly minDelayMs: number; readonly maxDelayMs: number }
  /** The longest that a write or a run of a guest takes. */
  readonly lag: { readonly diskMs: number; readonly guestMs: number }
  readonly sync: { readonly everyMs: number; readonly gapMs: number }
  /** When history is pruned; absent: never in so short a time. */
  readonly retention?: {
    readonly checkpointMin: number
    readonly absentMs: number
    /** Ids that a checkpoint names; absent: all of so short a time. */
    readonly recentMax?: number
    /** Deltas from one checkpoint that takes out what was removed to the next; absent: none in so short a time. */
    readonly sweepEvery?: number
  }
  /** Deltas in one batch when a history is judged again; absent: all of so short a one. */
  readonly slice?: number
  /** Of its writes so many are attempted, by others where their node is down; absent: what falls on one that is down is lost. */
  readonly writesMin?: number
  readonly operations: readonly Operation[]
  readonly faults: readonly Fault[]
  readonly marks?: readonly Mark[]
}

/** The one that joins while the others write. */
export const LATE_NODE = 'n9'
/** The node that is none of ours. */
export const HOSTILE = 'mallory'

/** When the last of it has happened. */
export function endOf(scenario: Scenario): number {
  let endMs = 0
  for (const { atMs } of scenario.operations) endMs = Math.max(endMs, atMs)
  for (const fault of scenario.faults) {
    if ('untilMs' in fault) endMs = Math.max(endMs, fault.untilMs)
    else if ('atMs' in fault) endMs = Math.max(endMs, fault.atMs)
    else for (const { atMs } of fault.acts) endMs = Math.max(endMs, atMs)
  }
  return endMs
}

/** Who removes somebody, the maker of the namespace aside: they are admins of it from the start. */
export function removersOf(scenario: Scenario): string[] {
  const all = scenario.faults.flatMap((fault) => (fault.kind === 'removal' ? [fault.by] : []))
  return [...new Set(all)].filter((name) => name !== scenario.nodes[0]).sort()
}

/** Everyone honest who is ever there. */
export function honestNodes(scenario: Scenario): string[] {
  return [...scenario.nodes, ...scenario.faults.flatMap((fault) => (fault.kind === 'late' ? [fault.node] : []))]
}

/** Those of them who are members to the end. */
export function remainingNodes(scenario: Scenario): string[] {
  const removed = scenario.faults.flatMap((fault) => (fault.kind === 'removal' ? [fault.node] : []))
  return honestNodes(scenario).filter((name) => !removed.includes(name))
}

/** Those who may only read. */
export function readersOf(scenario: Scenario): ReadonlySet<string> {
  return new Set(scenario.faults.flatMap((fault) => (fault.kind === 'late' && fault.role ? [fault.node] : [])))
}
