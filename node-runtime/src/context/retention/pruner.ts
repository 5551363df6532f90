// Prunes history to where most writers have vouched for a checkpoint. Each of them computes the next one from what it holds,
// so equal sets propose the same; vouches travel with the heads. A checkpoint row first, in one batch, then the rows
// behind it, in batches of bounded size. What a crash leaves of those goes when the context is next read.
import { type Bytes, equalBytes, toHex } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
import { type DagNode, type Floor, lostOver } from '../../dag/dag.ts'
import type { Bound } from '../../reconcile/item-key.ts'
import type { StoreOp } from '../../store/store.ts'
import { type CertifiedCheckpoint, type Checkpoint, checkpointHash } from '../../wire/checkpoint.ts'
import type { Delta } from '../../wire/delta.ts'
import type { HeadsVouch } from '../../wire/gossip.ts'
import type { Folder } from '../apply/folder.ts'
import type { Revision } from '../apply/revision.ts'
import type { Voids } from '../apply/voids.ts'
import type { Wholeness } from '../apply/wholeness.ts'
import type { Witness } from '../apply/witness.ts'
import { ContextError } from '../errors.ts'
import type { Ledger } from '../ledger.ts'
import { CHECKPOINTS_REMEMBERED_MAX, PRUNE_BATCH_ROWS, PRUNE_EVERY_MS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import type { Turns } from '../turns.ts'
import { Apart } from './apart.ts'
import { Certificates } from './certificates.ts'
import { boundOf, chainOver, checkpointOver, floorOf, oldestOf, stands } from './checkpoint.ts'
import { Contents, type Held } from './contents.ts'
import type { Frontier } from './frontier.ts'
import { putHandled } from './handled-rows.ts'
import { keep } from './kept.ts'
import { dropKeptBefore } from './kept-rows.ts'
import { type Lost, reissuesOf } from './lost.ts'
import { Proposal } from './proposal.ts'
import { originOf, putReissue, type Reissue } from './reissue-rows.ts'

type PrunerParts = Pick<
  ContextParts,
  | 'record'
  | 'store'
  | 'rows'
  | 'dag'
  | 'pruned'
  | 'retention'
  | 'again'
  | 'rewritten'
  | 'authority'
  | 'identity'
  | 'outbound'
  | 'setTimer'
  | 'nowMs'
  | 'state'
  | 'isDamaged'
  | 'log'
> & {
  readonly folder: Folder
  readonly frontier: Frontier
  readonly ledger: Ledger
  readonly revision: Revision
  readonly voids: Voids
  readonly turns: Turns
  readonly wholeness: Wholeness
  readonly witness: Witness
  /** Runs a task in the queue of the context. */
  readonly enqueue: <T>(task: () => Promise<T>) => Promise<T>
  /** Own deltas are to be written again. */
  readonly onLost: () => void
  /** Some are, and others wait for them. */
  readonly isOwing: () => boolean
  /** In the queue: what waited for something that is pruned. */
  readonly receive: (deltas: readonly Delta[]) => Promise<unknown>
}

/** What a certified checkpoint means here. `behind`: something else is held; its state is to be taken. */
export type Step = 'none' | 'taken' | 'behind'

/** What a checkpoint takes with it, and how much of the stack. */
interface Going {
  readonly prefix: readonly DagNode[]
  readonly contained: readonly Held[]
  readonly stack: number
  /** And of the state: keys of what was removed. */
  readonly swept: readonly Bytes[]
}

export class Pruner {
  readonly #parts: PrunerParts
  readonly #certificates: Certificates
  readonly #contents: Contents
  #certified: CertifiedCheckpoint | undefined
  #unseen: readonly DeltaId[]
  /** Hashes of checkpoints, in the order in which each took the place of the one before. */
  readonly #stoodOn = new Set<string>()
  readonly #apart: Apart
  readonly #proposal: Proposal
  #cancel: (() => void) | undefined
  #closed = false

  constructor(parts: PrunerParts) {
    this.#parts = parts
    this.#certificates = new Certificates(parts)
    this.#contents = new Contents(parts)
    this.#certified = parts.pruned?.certified
    this.#unseen = parts.pruned?.unseen ?? []
    this.#apart = new Apart(parts)
    const [apart, certificates, contents] = [this.#apart, this.#certificates, this.#contents]
    this.#proposal = new Proposal({ ...parts, apart, certificates, contents })
    if (this.checkpoint) this.#stoodOn.add(toHex(checkpointHash(this.checkpoint)))
  }

  get certified(): CertifiedCheckpoint | undefined {
    return this.#certified
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#certified?.checkpoint
  }

  /** Of what it names as counting, what came in a snapshot and was never applied here. */
  get unseen(): readonly DeltaId[] {
    return this.#unseen
  }

  /** By its hash: the one beneath, or one that was since this was read. Who stands there is not ahead of us. */
  hasStoodOn(checkpoint: Bytes): boolean {
    return this.#stoodOn.has(toHex(checkpoint))
  }

  /** For the checkpoint that would be the next one. */
  get vouch(): HeadsVouch | undefined {
    return this.#proposal.vouch
  }

  /** True for what stands in the checkpoint. */
  contains(delta: Pick<Delta, 'id' | 'author'>): boolean {
    return this.checkpoint !== undefined && stands(this.checkpoint, delta)
  }

  /** What sorts before it is pruned here. */
  get bound(): Bound {
    return boundOf(this.checkpoint)
  }

  /** Something was applied or acknowledged: looks soon whether enough can go. */
  wake(delayMs = PRUNE_EVERY_MS): void {
    const { dag, retention, setTimer, enqueue, log } = this.#parts
    const least = this.#apart.isEmpty ? retention.checkpointMin : 1
    if (this.#closed || this.#cancel || dag.size < least) return
    this.#cancel = setTimer(() => {
      this.#cancel = undefined
      enqueue(() => this.#look()).catch((error) => {
        const level = error instanceof ContextError ? 'debug' : 'error'
        log[level]({ error: String(error) }, 'history not pruned now')
      })
    }, delayMs)
  }

  /** Others have said more: perhaps that was the vouch that was lacking. */
  heard(): void {
    if (this.#certificate()) this.#wakeNow()
    else this.wake()
  }

  #wakeNow(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.wake(0)
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  /** What another part of the group stands on, and may not be taken here. */
  get other(): CertifiedCheckpoint | undefined {
    return this.#apart.other
  }

  /** True where it is greater than ours, and most writers have vouched for it. */
  isNext(certified: CertifiedCheckpoint): boolean {
    return this.#certificates.isNext(certified, this.checkpoint)
  }

  /** True where its state may take the place of what is held here; of the same, where that is damaged. */
  mayReplace(certified: CertifiedCheckpoint): boolean {
    const isOurs = this.checkpoint !== undefined && isSame(certified.checkpoint, this.checkpoint)
    if (isOurs) return this.#parts.isDamaged
    return this.isNext(certified) && this.#certificates.isBacked(certified, this.checkpoint)
  }

  signed(certified: CertifiedCheckpoint): CertifiedCheckpoint {
    return this.#certificates.signed(certified)
  }

  /** What to store of one whose state is taken. Of the one held here nobody has looked at what came for it: what is stored stays. */
  taken({ checkpoint, vouches }: CertifiedCheckpoint): CertifiedCheckpoint {
    const ours = this.#certified
    const said = ours && isSame(checkpoint, ours.checkpoint) ? ours.vouches : []
    const authors = new Set(said.map(({ author }) => author))
    return this.signed({ checkpoint, vouches: [...said, ...vouches.filter(({ author }) => !authors.has(author))] })
  }

  /** Takes a peer's where just what it contains is held here. Runs in the queue of the context. */
  async advance(certified: CertifiedCheckpoint): Promise<Step> {
    const { dag, retention, revision, wholeness, log } = this.#parts
    if (!this.isNext(certified)) return 'none'
    await revision.runIfDue()
    const { checkpoint } = certified
    const prefix = dag.inOrder().filter(({ id }) => id <= checkpoint.last)
    const { size = prefix.length } = this.#contents.closed(dag.inOrder(), prefix.length) ?? {}
    const isBacked = this.#certificates.isBacked(certified, this.checkpoint)
    const other = isBacked ? 'behind' : 'none'
    if (!isBacked) {
      this.#apart.add(certified)
      this.wake()
    }
    // What has counted, and is not in the graph now, goes with a snapshot only: that finds it by its row.
    if (!wholeness.isWhole) return other
    // What was made for an earlier version and is not in it has no place beneath it.
    if (size !== prefix.length) return other
    if ((this.checkpoint?.count ?? 0) + prefix.length !== checkpoint.count) return other
    const contained = await this.#contents.of(prefix)
    const isSwept = this.#contents.isSwept(this.checkpoint, size)
    if (!equalBytes(chainOver(this.checkpoint, contained, isSwept), checkpoint.chain)) return other
    const state = await this.#contents.stateAt(prefix, isSwept)
    if (state?.root !== checkpoint.root && isBacked) {
      log.error(
        { root: state?.root, theirRoot: checkpoint.root },
        'state diverged: a checkpoint of the same deltas has another root',
      )
    }
    if (state?.root !== checkpoint.root) return other
    // As it will be: we hold the same, and would say the same of it at its cut.
    const facts = { contextId: checkpoint.contextId, root: state.root, governance: checkpoint.governance }
    const beneath = this.checkpoint && { ...this.checkpoint, ...facts }
    const all = { ...facts, isSwept }
    const same = prefix.length === 0 ? beneath : checkpointOver(this.checkpoint, contained, all, retention.recentMax)
    if (same === undefined || !equalBytes(checkpointHash(same), checkpointHash(checkpoint))) return other
    if (!this.#certificates.mayPrune(this.signed(certified), this.checkpoint)) return 'none'
    await this.#keep(contained, checkpoint)
    await this.#prune(certified, { prefix, contained, stack: state.stack, swept: state.swept })
    return 'taken'
  }

  async #look(): Promise<void> {
    const { revision, wholeness } = this.#parts
    await revision.runIfDue()
    if (!wholeness.isWhole) return
    await this.#proposal.renew(this.checkpoint)
    const certified = this.#certificate()
    if (certified === undefined) return
    if ((await this.advance(certified)) === 'taken') this.#wakeNow()
  }

  /** Ours, where others have said enough for it. */
  #certificate(): CertifiedCheckpoint | undefined {
    const { checkpoint } = this.#proposal
    if (checkpoint === undefined) return undefined
    const vouches = this.#parts.frontier.vouchesFor(checkpointHash(checkpoint))
    const certified = this.signed({ checkpoint, vouches })
    return this.isNext(certified) ? certified : undefined
  }

  async #prune(certified: CertifiedCheckpoint, { prefix, contained, stack, swept }: Going): Promise<void> {
    const {
      record,
      again: counted,
      dag,
      folder,
      frontier,
      ledger,
      onLost,
      outbound,
      revision,
      rewritten,
      rows,
      receive,
      voids,
      log,
    } = this.#parts
    const { checkpoint } = certified
    const floor = floorOf(checkpoint)
    if (floor === undefined) return
    const base = folder.base
    const signed = this.signed(certified)
    const { again, isOther } = await this.#lostBy(floor)
    const ops = again.map((reissue) => putReissue(record.id, reissue))
    // What is lost from now on is still in the state; what stands for something that is named no more is not in it yet.
    if (isOther || this.#namesLess(checkpoint)) ops.push(ledger.unjudge())
    // Its author may write it again, and perhaps much later.
    const handled = contained.filter(({ role, isHandled }) => role !== 'counting' && isHandled).map(({ id }) => id)
    const notes = handled.map((id) => putHandled(record.id, id))
    const oldest = oldestOf(checkpoint)
    const unseen = this.#unseen.filter((id) => id >= oldest)
    ops.unshift(rows.putCheckpoint({ certified: signed, base: base + stack, unseen }))
    await revision.sweep(stack, swept, [...ops, ...notes])
    // Before we say what we stand on.
    if (again.length > 0) onLost()
    for (const id of handled) counted.add(id)
    this.#certified = signed
    this.#unseen = unseen
    this.#apart.passed(checkpoint)
    this.#proposal.forget()
    this.#contents.forget()
    const { gone, woken } = dag.prune(floor)
    folder.prune(stack)
    frontier.pruned(prefix)
    voids.forgetPasts()
    rewritten.forget(checkpoint.last, oldest)
    this.#standOn(checkpointHash(checkpoint))
    await revision.runIfDue()
    // None was signed while what lies above was taken down.
    if (swept.length > 0) outbound.announceHeads(record.id)
    const waiting = woken.flatMap(({ id }) => rows.delta(id) ?? [])
    await this.#sweep([...prefix, ...gone], { from: base, to: base + stack })
    if (waiting.length > 0) await receive(waiting)
    this.wake()
    const { count, root } = checkpoint
    log.info({ pruned: prefix.length, count, root, swept: swept.length }, 'history pruned')
  }

  /** Others hear of it: to some of them a vouch may be lacking that we say no more. */
  #standOn(checkpoint: Bytes): void {
    const { record, ledger, outbound } = this.#parts
    this.#stoodOn.add(toHex(checkpoint))
    const [oldest] = this.#stoodOn
    if (oldest !== undefined && this.#stoodOn.size > CHECKPOINTS_REMEMBERED_MAX) this.#stoodOn.delete(oldest)
    ledger.prunedTo(checkpoint)
    outbound.announceHeads(record.id)
  }

  /** Where this ends before the checkpoint is stored, the rows say nothing yet. */
  async #keep(contained: readonly Held[], checkpoint: Checkpoint): Promise<void> {
    const { record, rows, identity, turns } = this.#parts
    const going = contained.map(({ role, ...node }) => ({ ...node, counts: role === 'counting' }))
    await this.#inBatches(await keep(going, checkpoint, { record, rows, own: identity.publicKey, turns }))
  }

  /** Something that is written again was named as counting, and is not under `next`. */
  #namesLess(next: Checkpoint): boolean {
    const { rewritten } = this.#parts
    const oldest = oldestOf(next)
    return this.checkpoint?.recent.counting.some((id) => id < oldest && rewritten.has(id)) ?? false
  }

  /** Of our own. Where all of the prefix is held that is only what builds on more than a checkpoint names. */
  async #lostBy(floor: Floor): Promise<{ again: Reissue[]; isOther: boolean }> {
    const { dag, identity, rows, turns } = this.#parts
    const above = dag.inOrder().filter(({ id }) => id > floor.last)
    const lost: Lost[] = []
    const gone = lostOver(above, floor)
    for (const id of gone) {
      const stored = dag.isLost(id) ? undefined : rows.stored(id)
      if (stored === undefined) continue
      const { author, parents } = stored.delta
      lost.push({ id, author, parents, origin: originOf(stored.delta), counts: stored.status === 'applied' })
    }
    const again = await reissuesOf(lost, { rows, own: identity.publicKey, turns })
    return { again, isOther: above.some(({ id }) => dag.isLost(id) !== gone.has(id)) }
  }

  async #sweep(nodes: readonly DagNode[], positions: { readonly from: number; readonly to: number }): Promise<void> {
    const { record, rows, store } = this.#parts
    const outgoing = new Set(await rows.outgoing())
    const ops: StoreOp[] = nodes.flatMap(({ id }) => [
      rows.dropDelta(id),
      ...(outgoing.has(id) ? [rows.clearOutgoing(id)] : []),
    ])
    for (let position = positions.from; position < positions.to; position += 1) ops.push(rows.dropUndo(position))
    if (this.checkpoint)
      for await (const op of dropKeptBefore(store, record.id, oldestOf(this.checkpoint))) ops.push(op)
    await this.#inBatches(ops)
  }

  async #inBatches(ops: readonly StoreOp[]): Promise<void> {
    const { ledger, turns } = this.#parts
    for (let start = 0; start < ops.length; start += PRUNE_BATCH_ROWS) {
      await ledger.commit(ops.slice(start, start + PRUNE_BATCH_ROWS))
      await turns.pass()
    }
  }
}

function isSame(a: Checkpoint, b: Checkpoint): boolean {
  return equalBytes(checkpointHash(a), checkpointHash(b))
}
