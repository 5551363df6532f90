// What a call is, from when it is asked until it is answered.
import type { Bytes } from '../../base/bytes.ts'
import type { DeltaId } from '../../base/ids.ts'
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
  /** 0 for a client's call, above for a handler. */
  readonly depth: number
  /** Goes into the call's batch: a handler's row leaves the queue with what the handler wrote. */
  readonly settle: readonly StoreOp[]
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
