// Calls that wait for their context together have one turn in its queue: one run of the guest, one batch of the store, one
// frame of gossip. Those that come meanwhile have the next one, behind whatever else waits.
import { ContextError } from '../errors.ts'
import { CALL_GROUP_BYTES, CALL_GROUP_MAX, CONTEXT_QUEUE_MAX } from '../limits.ts'
import { type CallMeta, type CallRequest, type CallResult, PendingCall } from './call.ts'

export interface WaitingCallsParts {
  /** Runs a task in the queue of the context. */
  readonly enqueue: (task: () => Promise<void>) => Promise<void>
  /** Answers some of the calls, the first one in any case; the others have another turn. */
  readonly run: (calls: readonly PendingCall[]) => Promise<void>
  /** How many calls are worth a turn now. */
  readonly groupMax: () => number
}

export class WaitingCalls {
  readonly #parts: WaitingCallsParts
  #waiting: PendingCall[] = []
  #hasTurn = false

  constructor(parts: WaitingCallsParts) {
    this.#parts = parts
  }

  /** Undefined: it wants to write, and may only read now. Throws as the call does, and CONTEXT_BUSY. */
  call(request: CallRequest, meta: CallMeta): Promise<CallResult | undefined> {
    if (this.#waiting.length >= CONTEXT_QUEUE_MAX) {
      const message = `${this.#waiting.length} calls wait already; try again when some are done`
      return Promise.reject(new ContextError('CONTEXT_BUSY', message))
    }
    const call = new PendingCall(request, meta)
    this.#waiting.push(call)
    this.#wantTurn()
    return call.answer
  }

  #wantTurn(): void {
    if (this.#hasTurn || this.#waiting.length === 0) return
    this.#hasTurn = true
    this.#parts
      .enqueue(() => this.#turn())
      .catch((error) => {
        // The turn never came: nobody takes what waits.
        if (!this.#hasTurn) return
        this.#hasTurn = false
        for (const call of this.#waiting.splice(0)) call.reject(error)
      })
  }

  async #turn(): Promise<void> {
    this.#hasTurn = false
    const group = this.#take()
    try {
      await this.#parts.run(group)
    } catch (error) {
      for (const call of group) if (!call.isAnswered) call.reject(error)
    } finally {
      this.#waiting.unshift(...group.filter((call) => !call.isAnswered))
      this.#wantTurn()
    }
  }

  #take(): PendingCall[] {
    const max = Math.min(CALL_GROUP_MAX, this.#parts.groupMax())
    let bytes = 0
    const beyond = this.#waiting.findIndex(({ request }, index) => {
      bytes += request.input.byteLength
      return index >= max || (index > 0 && bytes > CALL_GROUP_BYTES)
    })
    return this.#waiting.splice(0, beyond === -1 ? this.#waiting.length : beyond)
  }
}
