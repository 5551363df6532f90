// What happened in a run, as the checkers want to know it. Filled while it runs; nothing here judges.
import { type Bytes, EMPTY, equalBytes, toHex, utf8 } from '../../src/base/bytes.ts'
import type { DeltaId, OpId, PublicKey } from '../../src/base/ids.ts'
import type { OpBody } from '../../src/base/operations.ts'
import type { StateEvent } from '../../src/context/ports.ts'
import { KEY_PREFIXES } from '../../src/store/keys.ts'
import type { StoreOp } from '../../src/store/store.ts'
import type { LogEntry } from '../../src/testing/recording-logger.ts'
import { type Checkpoint, checkpointHash, decodeCertified } from '../../src/wire/checkpoint.ts'
import type { HeadsBeat } from '../../src/wire/gossip.ts'
import { decodeOp } from '../../src/wire/op.ts'
import { type CheckpointRow, decodeRow, type JudgementRow } from '../../src/wire/records.ts'
import type { FaultKind, Operation, Turn } from '../scenario/scenario.ts'
import { Hidden } from './hidden.ts'
import { ToShow } from './to-show.ts'
import { Undoing } from './undoing.ts'

/** How the key of the row ends that says why a state is made anew. */
const DAMAGE = utf8('damage')

export interface Attempt {
  readonly operation: Operation
  readonly atMs: number
  /** `open`: there was no answer. */
  outcome: 'open' | 'acknowledged' | 'failed'
  /** Of an acknowledged call that changed something, and of everything the hostile peer signed. */
  deltaId: DeltaId | undefined
  error: string | undefined
  /** Of a method that answers in words. */
  answer?: string
}

/** What a node told others, or would have, about its state. */
export interface Advertised {
  readonly name: string
  readonly atMs: number
  readonly heads: readonly DeltaId[]
  readonly root: string
  /** By which removals, and on which checkpoint; undefined where that was not said. */
  readonly judged: string | undefined
  /** Heads that were not applied on its disk at that time, or not even there while it said that some is still to be judged. */
  readonly unapplied: readonly DeltaId[]
}

export interface Pruned {
  readonly name: string
  /** True time. */
  readonly atMs: number
  /** The row of its checkpoint. */
  readonly row: Bytes
}

/** What a node knew of the others when it sent its heads. */
export interface Heard {
  /** The stamp of that beat. */
  readonly hlc: bigint
  readonly beats: readonly HeadsBeat[]
}

/** A vouch, as it was first sent. */
export interface Vouched extends Heard {
  readonly name: string
  /** Of what it is for, and of what history was pruned to then. */
  readonly checkpoint: string
  readonly beneath: string
  /** The deltas of its graph on its disk. */
  readonly held: ReadonlySet<DeltaId>
  /** When it last sent its heads without this vouch; undefined: never, since it was started. */
  readonly before: Heard | undefined
  /** Who had taken a peer's state instead of its own by then. */
  readonly adopted: ReadonlySet<string>
}

/** A node has stored an operation by which somebody may lose the context. */
interface HeardOf {
  readonly name: string
  readonly op: OpId
  readonly atMs: number
  /** What counted on its disk then, or before it was pruned there. */
  readonly accepted: ReadonlySet<DeltaId>
}

export interface HandlerRun {
  queued: number
  done: number
  dead: number
  /** Its row as it came into the queue. */
  row?: Bytes
}

export class History {
  readonly attempts: Attempt[] = []
  /** Operations of the scenario that nobody was called for. */
  readonly leftOut: Operation[] = []
  readonly advertised: Advertised[] = []
  readonly logs: { readonly name: string; readonly entry: LogEntry }[] = []
  /** By node, then by the event's delta and index. */
  readonly handlers = new Map<string, Map<string, HandlerRun>>()
  /** The row of every delta that any honest node ever wrote. */
  readonly deltas = new Map<DeltaId, Bytes>()
  /** When it was first on a disk: that of its author, where the author is honest. */
  readonly madeMs = new Map<DeltaId, number>()
  /** Own deltas whose batch lacked what is to come with them. */
  readonly torn: { readonly name: string; readonly id: DeltaId; readonly lacks: string }[] = []
  /** A state took the place of another, without what says which deltas are in it. */
  readonly halfSwapped: string[] = []
  /** Events that were shown before their delta was applied on the disk. */
  readonly shownEarly: { readonly name: string; readonly id: DeltaId }[] = []
  /** By node: what it last said of a delta. */
  readonly statuses = new Map<string, Map<DeltaId, Status>>()
  /** By node: the deltas it ever applied one by one. */
  readonly applied = new Map<string, Set<DeltaId>>()
  readonly toShow = new ToShow()
  /** By node: how often it pruned its history, and when it took a peer's state instead of its own. */
  readonly prunings = new Map<string, number>()
  readonly adoptions = new Map<string, number[]>()
  /** How often what was removed went from a state with that. */
  sweeps = 0
  /** Each time that somebody pruned its history. */
  readonly pruned: Pruned[] = []
  /** By its hash: every checkpoint that an honest node ever had. */
  readonly checkpoints = new Map<string, Checkpoint>()
  /** Each time that somebody took a peer's state with its checkpoint. */
  readonly adopted: Pruned[] = []
  readonly heardOf: HeardOf[] = []
  /** By author: its operations in the log of the namespace that any honest node ever stored. */
  readonly governed = new Map<PublicKey, Set<OpId>>()
  /** By node: what it was last told to show, and by which of its processes. */
  readonly showing = new Map<string, { readonly process: object; readonly shows: string | null }>()
  /** All that members have shown. */
  readonly presences = new Set<string>()
  readonly vouched: Vouched[] = []
  /** By author: what it last said of its state. */
  readonly said = new Map<PublicKey, HeadsBeat>()
  readonly #heard = new WeakMap<object, Heard>()
  /** By node: its checkpoint, as it is encoded. */
  readonly #checkpoints = new Map<string, string>()
  /** By node: the deltas on its disk that do not wait. */
  readonly #held = new Map<string, Set<DeltaId>>()
  /** By node: the rows of own deltas that are to be written again. */
  readonly #toRewrite = new Map<string, Set<string>>()
  /** By node: what counts on its disk, or did when it was pruned. */
  readonly #counting = new Map<string, Set<DeltaId>>()
  /** Own deltas that were noted to be written again. */
  reissues = 0
  readonly undoing = new Undoing()
  readonly hidden = new Hidden()
  /** By node and process: how often an event of a delta was shown to clients. */
  readonly shown = new Map<string, Map<DeltaId, number>>()
  /** By node: deltas whose events were shown to clients, in that order. */
  readonly shownEvents = new Map<string, DeltaId[]>()
  readonly killed = new Map<string, number>()
  readonly faults = new Set<FaultKind>()
  /** Author and id of what the hostile peer signed. */
  readonly hostileDeltas = new Set<DeltaId>()
  /** What somebody asked for that it may not have, each time that it was given some of it. */
  readonly pried: { readonly name: string; readonly request: string }[] = []

  batch(name: string, ops: readonly StoreOp[], nowMs: number): Turn[] {
    let swap = 0
    let undone = 0
    let arrived = 0
    let isWaiting = false
    for (const op of ops) {
      const letter = op.key[0]
      if (letter === LETTERS.undo && op.type === 'del') undone += 1
      if (letter === LETTERS.contextMeta) swap |= op.type === 'put' ? 1 : 2
      if (letter === LETTERS.handler) this.#handler(name, op, ops)
      if (letter === LETTERS.delta && op.type === 'put') this.#delta(name, op, { ops, nowMs })
      if (letter === LETTERS.delta) this.#hold(name, op)
      if (letter === LETTERS.delta && op.type === 'put') {
        isWaiting ||= statusOf(op.value) === 'waiting'
        arrived += statusOf(op.value) === 'applied' ? 1 : 0
      }
      if (letter === LETTERS.reissue && op.type === 'put') this.reissues += 1
    }
    this.toShow.wrote(name, isJudgedBy(ops), nowMs)
    for (const op of ops) if (op.key[0] === LETTERS.delta) this.#count(name, op, swap)
    const isSaid = ops.some(({ key: [letter] }) => letter === LETTERS.checkpoint || letter === LETTERS.context)
    // Made anew it has the checkpoint that is there, and what is above is to be looked at.
    const isAnew = ops.some(
      ({ key }) => key[0] === LETTERS.contextMeta && equalBytes(key.subarray(-DAMAGE.length), DAMAGE),
    )
    if (swap === 3 && !isSaid && !isAnew) this.halfSwapped.push(name)
    for (const op of ops) if (op.key[0] === LETTERS.governance && op.type === 'put') this.#hear(name, op, nowMs)
    const prunings = this.prunings.get(name) ?? 0
    // With all that is in the same batch.
    for (const op of ops)
      if (op.key[0] === LETTERS.checkpoint && op.type === 'put') this.#checkpoint(name, op, { ops, nowMs })
    this.undoing.wrote(name, ops, { arrived, hasAdopted: this.adoptions.has(name) })
    const isRewriting = this.#rewriting(name, ops)
    const turns: Turn[] = []
    // What was received aside is named as the state, and is aside no more.
    if (swap === 3) turns.push('swap')
    if (ops.some((op) => op.type === 'put' && op.key[0] === LETTERS.handler)) turns.push('handler')
    if (isWaiting) turns.push('waiting')
    if (undone > 0 && ops.some((op) => op.type === 'put' && op.key[0] === LETTERS.judgement)) turns.push('judging')
    if (isRewriting) turns.push('rewriting')
    if ((this.prunings.get(name) ?? 0) > prunings) turns.push('pruned')
    return turns
  }

  show(
    name: string,
    process: string,
    { deltaId: id, events }: Pick<StateEvent, 'events'> & { deltaId: DeltaId },
  ): void {
    if (events.length > 0) this.shownEvents.set(name, [...(this.shownEvents.get(name) ?? []), id])
    if (this.statuses.get(name)?.get(id) !== 'applied') this.shownEarly.push({ name, id })
    const shown = this.shown.get(process) ?? new Map<DeltaId, number>()
    shown.set(id, (shown.get(id) ?? 0) + 1)
    this.shown.set(process, shown)
  }

  /** `node`: another one after each start. */
  sent(name: string, beat: HeadsBeat, { node, beats }: { node: object; beats: readonly HeadsBeat[] }): void {
    const { hlc, checkpoint, vouch } = beat
    const hash = vouch && toHex(vouch.checkpoint)
    const isKnown = this.vouched.findLast((each) => each.name === name)?.checkpoint === hash
    this.said.set(beat.author, beat)
    const before = this.#heard.get(node)
    this.#heard.set(node, { hlc, beats })
    if (hash === undefined || isKnown) return
    const held = new Set(this.#held.get(name))
    const [beneath, adopted] = [toHex(checkpoint ?? EMPTY), new Set(this.adoptions.keys())]
    this.vouched.push({ name, hlc, checkpoint: hash, beneath, held, beats, before, adopted })
  }

  /** Own deltas that are to be written again come before calls: what the batch makes is mostly one of them. */
  #rewriting(name: string, ops: readonly StoreOp[]): boolean {
    const left = this.#toRewrite.get(name) ?? new Set<string>()
    this.#toRewrite.set(name, left)
    const isMade = left.size > 0 && ops.some(({ type, key }) => type === 'put' && key[0] === LETTERS.outbox)
    for (const { type, key } of ops) {
      if (key[0] !== LETTERS.reissue) continue
      if (type === 'put') left.add(toHex(key))
      else left.delete(toHex(key))
    }
    return isMade
  }

  #delta(name: string, { key, value: row }: Put, { ops, nowMs }: Batch): void {
    const id = toHex(key.subarray(key.byteLength - 32)) as DeltaId
    const status = statusOf(row)
    if (!this.deltas.has(id)) {
      this.deltas.set(id, row)
      this.madeMs.set(id, nowMs)
      this.hidden.made(name, id)
      // Nobody had it before: it is a call's, or the hostile peer's.
      for (const [kind, lacks] of TOGETHER) {
        const isThere = ops.some((op) => op.type === 'put' && op.key[0] === LETTERS[kind])
        if (!isThere) this.torn.push({ name, id, lacks })
      }
    }
    const statuses = this.statuses.get(name) ?? new Map<DeltaId, Status>()
    this.statuses.set(name, statuses.set(id, status))
    if (status !== 'applied') return
    const applied = this.applied.get(name) ?? new Set<DeltaId>()
    if (!applied.has(id)) this.toShow.applied(name, id)
    this.applied.set(name, applied.add(id))
  }

  #hold(name: string, op: StoreOp): void {
    const held = this.#held.get(name) ?? new Set<DeltaId>()
    this.#held.set(name, held)
    const id = toHex(op.key.subarray(op.key.byteLength - 32)) as DeltaId
    const status = op.type === 'put' ? statusOf(op.value) : undefined
    if (status === undefined || status === 'waiting') held.delete(id)
    else held.add(id)
    this.hidden.wrote(name, id, status === 'void')
  }

  /** What goes with history has counted; what goes with a state that another takes the place of does no more. */
  #count(name: string, op: StoreOp, swap: number): void {
    const counting = this.#counting.get(name) ?? new Set<DeltaId>()
    this.#counting.set(name, counting)
    const id = toHex(op.key.subarray(op.key.byteLength - 32)) as DeltaId
    if (op.type === 'put' && statusOf(op.value) === 'applied') counting.add(id)
    else if (op.type === 'put' || (swap & 1) === 1) counting.delete(id)
  }

  #hear(name: string, { value }: Put, atMs: number): void {
    const { id, author, body } = decodeOp(value)
    this.governed.set(author, (this.governed.get(author) ?? new Set<OpId>()).add(id))
    if (!TAKING.has(body.kind) || this.heardOf.some((each) => each.name === name && each.op === id)) return
    this.heardOf.push({ name, op: id, atMs, accepted: new Set(this.#counting.get(name)) })
  }

  /** With a snapshot the state is swapped in the same batch. */
  #checkpoint(name: string, { value }: Put, { ops, nowMs }: Batch): void {
    const encoded = decodeRow<CheckpointRow>('checkpoint', value).checkpoint
    const checkpoint = toHex(encoded)
    // The row is rewritten once a swap was looked at: nothing is pruned by that.
    if (this.#checkpoints.get(name) === checkpoint) return
    this.#checkpoints.set(name, checkpoint)
    const { checkpoint: body } = decodeCertified(encoded)
    this.checkpoints.set(toHex(checkpointHash(body)), body)
    // What was received aside is aside no more.
    const isSwap = ops.some((op) => op.type === 'del' && op.key[0] === LETTERS.contextMeta)
    const swept = ops.filter((op) => op.type === 'del' && op.key[0] === LETTERS.state).length
    if (!isSwap && swept > 0) this.sweeps += 1
    if (isSwap) {
      this.adoptions.set(name, [...(this.adoptions.get(name) ?? []), nowMs])
      this.adopted.push({ name, atMs: nowMs, row: value })
      return
    }
    this.prunings.set(name, (this.prunings.get(name) ?? 0) + 1)
    this.pruned.push({ name, atMs: nowMs, row: value })
  }

  #handler(name: string, op: StoreOp, batch: readonly StoreOp[]): void {
    const runs = this.handlers.get(name) ?? new Map<string, HandlerRun>()
    this.handlers.set(name, runs)
    const id = eventOf(op.key)
    const run: HandlerRun = runs.get(id) ?? { queued: 0, done: 0, dead: 0 }
    runs.set(id, run)
    const isWaiting = run.queued > run.done + run.dead
    if (op.type === 'put') {
      run.queued += isWaiting ? 0 : 1
      run.row ??= op.value
    } else if (!isWaiting) run.done += 1
    else if (batch.some((other) => other.type === 'put' && other.key[0] === LETTERS.deadLetter)) run.dead += 1
    else run.done += 1
  }
}

/** Undefined: it says nothing of that. */
function isJudgedBy(ops: readonly StoreOp[]): boolean | undefined {
  const op = ops.findLast(({ type, key }) => type === 'put' && key[0] === LETTERS.judgement)
  if (op?.type !== 'put') return undefined
  return decodeRow<JudgementRow>('judgement', op.value).digest !== null
}

type Put = Extract<StoreOp, { type: 'put' }>

interface Batch {
  readonly ops: readonly StoreOp[]
  readonly nowMs: number
}

/** What is written with a call's delta or not at all. */
const TOGETHER = [
  ['undo', 'what undoes it'],
  ['outbox', 'the marker that it is to be sent'],
  ['held', 'its place among the held ids'],
] as const

const LETTERS = {
  outbox: KEY_PREFIXES.outbox.charCodeAt(0),
  held: KEY_PREFIXES.held.charCodeAt(0),
  undo: KEY_PREFIXES.undo.charCodeAt(0),
  state: KEY_PREFIXES.state.charCodeAt(0),
  handler: KEY_PREFIXES.handler.charCodeAt(0),
  deadLetter: KEY_PREFIXES.deadLetter.charCodeAt(0),
  delta: KEY_PREFIXES.delta.charCodeAt(0),
  reissue: KEY_PREFIXES.reissue.charCodeAt(0),
  checkpoint: KEY_PREFIXES.checkpoint.charCodeAt(0),
  contextMeta: KEY_PREFIXES.contextMeta.charCodeAt(0),
  context: KEY_PREFIXES.context.charCodeAt(0),
  governance: KEY_PREFIXES.governance.charCodeAt(0),
  judgement: KEY_PREFIXES.judgement.charCodeAt(0),
}

/** By which an account may lose the context. */
const TAKING: ReadonlySet<OpBody['kind']> = new Set(['member_removed', 'capabilities_set', 'visibility_set'])

/** `void` stands for both kinds. */
export type Status = 'applied' | 'void' | 'waiting'

/** A row ends with its status: the rows are too many to decode them all. */
export function statusOf(row: Bytes): Status {
  const end = Buffer.from(
    row.buffer,
    row.byteOffset + Math.max(0, row.byteLength - 7),
    Math.min(7, row.byteLength),
  ).toString('latin1')
  if (end === 'applied') return 'applied'
  return end.endsWith('void') || end.endsWith('voided') ? 'void' : 'waiting'
}

/** Delta and index: the end of a handler row's key. */
function eventOf(key: Bytes): string {
  return toHex(key.subarray(key.byteLength - 36))
}
