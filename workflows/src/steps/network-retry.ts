// Another try after a fault between here and the node; what a node answered is never retried here.
import { ClientError } from '../client/client-error.ts'
import { NETWORK_RETRY_DELAYS_MS } from './limits.ts'
import type { StepContext } from './step-kind.ts'

type Context = Pick<StepContext, 'clock' | 'progress'>
type Options = { signal: AbortSignal }

/** Only for what may be done twice. */
export function retryNetworkFaults<T>(attempt: () => Promise<T>, context: Context, options: Options): Promise<T> {
  return retry(attempt, (error) => error.isNetworkFault, context, options)
}

/** For what may be a write: sent again only where no connection came about, so that nothing is ever done twice. */
export function retryUnsent<T>(attempt: () => Promise<T>, context: Context, options: Options): Promise<T> {
  return retry(attempt, (error) => error.wasNeverSent, context, options)
}

async function retry<T>(
  attempt: () => Promise<T>,
  isWorthIt: (error: ClientError) => boolean,
  context: Context,
  options: Options,
): Promise<T> {
  for (const delayMs of NETWORK_RETRY_DELAYS_MS) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ClientError && isWorthIt(error))) throw error
      context.progress(`${error.message}; trying again`)
      await context.clock.sleep(delayMs, options.signal)
    }
  }
  return attempt()
}
