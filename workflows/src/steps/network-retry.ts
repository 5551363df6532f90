// Another try after a fault between here and the node; what a node answered is never retried here.
import { ClientError } from '../client/client-error.ts'
import { NETWORK_RETRY_DELAYS_MS } from './limits.ts'
import type { StepContext } from './step-kind.ts'

export async function retryNetworkFaults<T>(
  attempt: () => Promise<T>,
  context: Pick<StepContext, 'clock' | 'progress'>,
  options: { signal: AbortSignal },
): Promise<T> {
  for (const delayMs of NETWORK_RETRY_DELAYS_MS) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ClientError && error.isNetworkFault)) throw error
      context.progress(`${error.message}; trying again`)
      await context.clock.sleep(delayMs, options.signal)
    }
  }
  return attempt()
}
