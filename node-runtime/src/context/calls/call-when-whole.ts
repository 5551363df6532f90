// A write that failed ends the instance of its context, with all calls that wait for their turn, those that only read
// included. The next one is read from the store within milliseconds, and they are run on that.
import { ContextError } from '../errors.ts'
import { CALL_INSTANCES_MAX } from '../limits.ts'
import type { CallRequest, CallResult } from './call.ts'

interface Callable {
  call(request: CallRequest): Promise<CallResult>
}

/** `open` resolves with the instance that there is. Throws as the call does; CONTEXT_FAILED where each has ended again. */
export async function callWhenWhole(open: () => Promise<Callable>, request: CallRequest): Promise<CallResult> {
  for (let instances = 1; ; instances += 1) {
    const context = await open()
    try {
      return await context.call(request)
    } catch (error) {
      // It says that the call never had its turn: nothing of it has happened.
      const isEnded = error instanceof ContextError && error.code === 'CONTEXT_FAILED'
      if (!isEnded || instances === CALL_INSTANCES_MAX) throw error
      request.signal?.throwIfAborted()
    }
  }
}
