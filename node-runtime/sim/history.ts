// What happened in a run, as the checkers want to know it. Filled while it runs; nothing here judges.
import { type Bytes, toHex } from '../src/base/bytes.ts'
import type { DeltaId } from '../src/base/ids.ts'
import { KEY_PREFIXES } from '../src/store/keys.ts'
import type { StoreOp } from '../src/store/store.ts'
import type { LogEntry } from '../src/testing/recording-logger.ts'
import type { FaultKind, Operation } from './scenario.ts'

export interface Attempt {
  readonly operation: Operation
  readonly atMs: number
  /** `open`: there was no answer. */
  outcome: 'open' | 'acknowledged' | 'failed'
  /** Of an acknowledged call that changed something, and of everything the hostile peer signed. */
  deltaId: DeltaId | undefined
  error: string | undefined
}

/** What a node told others, or would have, about its state. */
export interface Advertised {
  readonly name: string
  readonly atMs: number
  readonly heads: readonly DeltaId[]
  readonly root: string
  /** Which removals of members the root was judged by; undefined where that was not said. */
  readonly removals: string | undefined
  /** Heads that were not applied on its disk at that time. */
  readonly unapplied: readonly DeltaId[]
}

export interface HandlerRun {
  queued: number
  done: number
  dead: number
}

export class History {
  readonly attempts: Attempt[] = []
  readonly advertised: Advertised[] = []
  readonly logs: { readonly name: string; readonly entry: LogEntry }[] = []
  /** By node, then by the event's delta and index. */
  readonly handlers = new Map<string, Map<string, HandlerRun>>()
  /** By node: the deltas it applied one by one. */
  readonly applied = new Map<string, Set<DeltaId>>()
  /** By node and process: how often an event of a delta was shown to clients. */
  readonly shown = new Map<string, Map<DeltaId, number>>()
  readonly killed = new Map<string, number>()
  readonly faults = new Set<FaultKind>()
  /** Author and id of what the hostile peer signed. */
  readonly hostileDeltas = new Set<DeltaId>()
  /** The most deltas that one batch took back. */
  deepestUndo = 0

  batch(name: string, ops: readonly StoreOp[]): void {
    let undone = 0
    for (const op of ops) {
      if (op.key[0] === LETTERS.undo && op.type === 'del') undone += 1
      if (op.key[0] === LETTERS.handler) this.#handler(name, op, ops)
    }
    this.deepestUndo = Math.max(this.deepestUndo, undone)
  }

  show(process: string, id: DeltaId): void {
    const shown = this.shown.get(process) ?? new Map<DeltaId, number>()
    shown.set(id, (shown.get(id) ?? 0) + 1)
    this.shown.set(process, shown)
  }

  #handler(name: string, op: StoreOp, batch: readonly StoreOp[]): void {
    const runs = this.handlers.get(name) ?? new Map<string, HandlerRun>()
    this.handlers.set(name, runs)
    const id = eventOf(op.key)
    const run = runs.get(id) ?? { queued: 0, done: 0, dead: 0 }
    runs.set(id, run)
    const isWaiting = run.queued > run.done + run.dead
    if (op.type === 'put') run.queued += isWaiting ? 0 : 1
    else if (!isWaiting) run.done += 1
    else if (batch.some((other) => other.type === 'put' && other.key[0] === LETTERS.deadLetter)) run.dead += 1
    else run.done += 1
  }
}

const LETTERS = {
  undo: KEY_PREFIXES.undo.charCodeAt(0),
  handler: KEY_PREFIXES.handler.charCodeAt(0),
  deadLetter: KEY_PREFIXES.deadLetter.charCodeAt(0),
}

/** Delta and index: the end of a handler row's key. */
function eventOf(key: Bytes): string {
  return toHex(key.subarray(key.byteLength - 36))
}
