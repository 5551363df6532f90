// What a call is, from when it is asked until it is answered.
import type { Bytes } from '../../base/bytes.ts'
import type { ApplicationId, ContextId, DeltaId } from '../../base/ids.ts'
import type { StoreOp } from '../../store/store.ts'

export interface CallRequest {
  readonly method: string
  readonly input: Bytes
  readonly signal?: AbortSignal
}

export interface CallResult {
  /** What the guest returned; undefined when it returned nothing. */
  readonly value: Bytes | undefined
  readonly logs: readonly string[]
  /** The delta the call made; undefined for a view. */
  readonly deltaId: DeltaId | undefined
}

export interface CallMeta {
  /** 0 for a client's call; how many events and calls of other contexts have led to another one. */
  readonly depth: number
  /** Goes into the call's batch: what had it waiting in a queue leaves that with what it wrote. */
  readonly settle: readonly StoreOp[]
  /** Every node runs it: a handler, and what comes of one. */
  readonly isEverywhere: boolean
  /** Of a call that a guest of another context, or of this one, has asked for. */
  readonly xcall?: XCallMeta
}

export interface XCallMeta {
  readonly source: ContextId
  /** What that context runs. */
  readonly applicationId: ApplicationId
  /** Such calls in a row, this one included. */
  readonly hops: number
}

export const CLIENTS_CALL: CallMeta = { depth: 0, settle: [], isEverywhere: false }

/**
 * Whether own deltas are still to be written again. `waiting`: for others, who write first, or for what is in the way here: a call that
 * writes now would come before what its author has written long ago. `refused`: this member may not write, as it was looked; where it may
 * again by the time that its guest has run, a delta of that would come before them, too.
 */
export type OwnState = 'done' | 'waiting' | 'refused'

/** What an event has asked for. */
export function isHandler({ isEverywhere, xcall }: CallMeta): boolean {
  return isEverywhere && xcall === undefined
}

/** One that waits for its answer. */
export class PendingCall {
  readonly request: CallRequest
  readonly meta: CallMeta
  /** Undefined: it wants to write, and may only read now. */
  readonly answer: Promise<CallResult | undefined>
  readonly #deferred = Promise.withResolvers<CallResult | undefined>()
  #isAnswered = false

  constructor(request: CallRequest, meta: CallMeta) {
    this.request = request
    this.meta = meta
    this.answer = this.#deferred.promise
  }

  get isAnswered(): boolean {
    return this.#isAnswered
  }

  resolve(result: CallResult | undefined): void {
    this.#isAnswered = true
    this.#deferred.resolve(result)
  }

  reject(error: unknown): void {
    this.#isAnswered = true
    this.#deferred.reject(error)
  }
}
