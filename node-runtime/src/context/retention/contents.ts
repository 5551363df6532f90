// What the oldest deltas are to a checkpoint that contains them, and where it divides the stack.
import type { Bytes } from '../../base/bytes.ts'
import type { DeltaId, PublicKey, RootHash } from '../../base/ids.ts'
import type { DagNode } from '../../dag/dag.ts'
import { END } from '../../reconcile/item-key.ts'
import { FIRST_STATE_VERSION } from '../../runtime/module/state-schema.ts'
import type { Checkpoint } from '../../wire/checkpoint.ts'
import { decodeDelta } from '../../wire/delta.ts'
import { comparePositions, type Positioned, versionIn } from '../apply/fold.ts'
import type { Folder } from '../apply/folder.ts'
import type { Revision } from '../apply/revision.ts'
import type { Voids } from '../apply/voids.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import { type Contained, cutOf, isSweepDue } from './checkpoint.ts'
import { originOf } from './reissue-rows.ts'

type ContentsParts = Pick<ContextParts, 'dag' | 'record' | 'retention' | 'rows'> & {
  readonly voids: Pick<Voids, 'isReplaced'>
  readonly folder: Folder
  readonly revision: Pick<Revision, 'sort'>
  readonly turns: Turns
}

/** What goes with history from here. */
export interface Held extends Contained {
  /** The first delta that it stands for. */
  readonly origin: DeltaId
  /** It has counted here: its handlers have their rows, or have run. */
  readonly isHandled: boolean
}

/** Where a checkpoint ends. */
interface StateThere {
  /** How much of the stack goes. */
  readonly stack: number
  readonly root: RootHash
  /** Keys that are in the state there and not in the root: what was removed. */
  readonly swept: readonly Bytes[]
}

/** What an id says of its delta, whatever becomes of it. */
interface Facts {
  readonly author: PublicKey
  readonly origin: DeltaId
  readonly bytes: number
}

const NOBODY = '' as DeltaId

/** `prefix` is always the first of the ready deltas in canonical order, all of them judged. */
export class Contents {
  readonly #parts: ContentsParts
  /** Of the last prefix: what is proposed is certified soon, or asked for again. */
  #known: ReadonlyMap<DeltaId, Facts> = new Map()

  constructor(parts: ContentsParts) {
    this.#parts = parts
  }

  async of(prefix: readonly DagNode[]): Promise<Held[]> {
    const { dag, rows, turns, voids } = this.#parts
    const contained: Held[] = []
    const known = new Map<DeltaId, Facts>()
    for (const { id, parents } of prefix) {
      const row = rows.row(id)
      if (!row) throw new Error(`delta ${id} is ready and not in the store`)
      const facts = this.#known.get(id) ?? factsOf(row.delta)
      known.set(id, facts)
      const { author, origin, bytes } = facts
      const role = row.status === 'applied' ? 'counting' : dag.isLost(id) ? 'lost' : 'voids'
      const isReplaced = role === 'voids' && voids.isReplaced(decodeDelta(row.delta))
      contained.push({ id, parents, author, origin, role, isReplaced, isHandled: row.status !== 'void' })
      await turns.spend(bytes)
    }
    this.#known = known
    return contained
  }

  /** The last prefix is not asked for again. */
  forget(): void {
    this.#known = new Map()
  }

  /**
   * How much of the stack goes with `prefix`, and the root there. Where deltas came in another order than theirs, those of it are
   * brought beneath the others. Costs what lies above once for the checkpoints of a backlog, as long as nothing comes from beneath.
   */
  async stateAt(prefix: readonly DagNode[], isSwept = false): Promise<StateThere | undefined> {
    const { folder } = this.#parts
    const stack = await this.#cut(prefix)
    if (stack === undefined) return undefined
    const last = prefix.at(-1)
    if (isSwept && last) return { stack, ...(await folder.sweptBelow(stack, last.id)) }
    return { stack, swept: [], root: await folder.rootBelow(stack, () => this.#nextCuts(stack, prefix.length)) }
  }

  /** Whether something of `prefix` counts for nothing here, and is of one of these authors. */
  leavesOut(prefix: readonly DagNode[], isOfThese: (author: PublicKey) => boolean): boolean {
    const these = new Set([...new Set(prefix.map(({ author }) => author))].filter(isOfThese))
    const theirs = these.size === 0 ? [] : prefix.filter(({ author }) => these.has(author))
    if (theirs.length === 0) return false
    const counting = new Set(this.#parts.folder.stack.map(({ id }) => id))
    return theirs.some(({ id }) => !counting.has(id))
  }

  /** Whether what was removed goes with the next `size` deltas. Guests that keep their own state sweep it themselves. */
  isSwept(beneath: Checkpoint | undefined, size: number): boolean {
    const { record, retention } = this.#parts
    return record.storage === 'host' && isSweepDue(beneath, size, retention.sweepEvery)
  }

  /**
   * How many of `all`, the ready deltas in canonical order, the next checkpoint contains, at least `min`: of those that were made
   * for an earlier version of the state than one in it all have to be. `version`: to which it brings the state; undefined: it has that
   * beneath. Undefined: the stack has no versions.
   */
  closed(
    all: readonly DagNode[],
    min: number,
  ): { readonly size: number; readonly version: number | undefined } | undefined {
    const { stack, versionBeneath } = this.#parts.folder
    if (stack.every(({ version }) => version === undefined)) return undefined
    const versions = new Map(stack.map((entry) => [entry.id, versionIn(entry)]))
    let size = Math.min(min, all.length)
    let version = FIRST_STATE_VERSION
    for (let index = 0; index < size; index += 1) {
      const next = versions.get(all[index]?.id ?? NOBODY) ?? FIRST_STATE_VERSION
      if (next <= version) continue
      version = next
      size = Math.max(size, 1 + all.findLastIndex(({ id }) => (versions.get(id) ?? next) < next))
    }
    return { size, version: version > versionBeneath ? version : undefined }
  }

  /** Before `closed` is asked. */
  findVersionBeneath(): Promise<void> {
    return this.#parts.folder.findVersionBeneath()
  }

  /** Where the next ones will divide it, if all goes on as it is. */
  #nextCuts(stack: number, size: number): number[] {
    const { dag, folder, retention } = this.#parts
    const all = dag.inOrder()
    const applied = folder.stack.map(({ id }) => id).sort()
    const cuts: number[] = []
    // A peer's checkpoint of what ours has, made under other governance: it says nothing of those that come.
    if (size === 0) return cuts
    let cut = stack
    const step = Math.max(size, retention.checkpointMin)
    for (let end = size + step - 1; end < all.length; end += step) {
      const last = all[end]?.id ?? ''
      const before = cut
      while ((applied[cut] ?? END) <= last) cut += 1
      if (cut > before) cuts.push(cut)
    }
    return cuts
  }

  async #cut(prefix: readonly DagNode[]): Promise<number | undefined> {
    const { folder, revision } = this.#parts
    const nodes = this.#inOrderOfFold(prefix)
    let cut = cutOf(folder.stack, nodes)
    if (cut.nodes === prefix.length) return cut.stack
    const last = nodes.at(-1)
    if (last === undefined || !(await revision.sort(last))) return undefined
    cut = cutOf(folder.stack, nodes)
    return cut.nodes === prefix.length ? cut.stack : undefined
  }

  /** It is in canonical order, as all is of which there is but one version. */
  #inOrderOfFold(prefix: readonly DagNode[]): readonly Positioned[] {
    const { stack } = this.#parts.folder
    const versions = new Map(
      stack.flatMap(({ id, version }) => (version === undefined ? [] : [[id, version] as const])),
    )
    if (versions.size === 0) return prefix
    const placed = prefix.map(({ id, hlc }): Positioned => {
      const version = versions.get(id)
      return version === undefined ? { id, hlc } : { id, hlc, version }
    })
    return placed.sort(comparePositions)
  }
}

function factsOf(encoded: Bytes): Facts {
  const delta = decodeDelta(encoded)
  return { author: delta.author, origin: originOf(delta), bytes: delta.sealed.byteLength }
}
