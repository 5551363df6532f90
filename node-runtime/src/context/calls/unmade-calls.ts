// Calls to other contexts (xcall) that a guest asks for: this node makes none, and says so to its operator.
import { type ContextId, idBase58, idFromBytes } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { GuestOutcome } from '../../runtime/guest-executor.ts'

/** `log` names the context. One entry a call, however many it asked for: a guest has 8. */
export function warnOfUnmadeCalls(log: Logger, method: string, { xcalls }: Pick<GuestOutcome, 'xcalls'>): void {
  if (xcalls.length === 0) return
  const targets = xcalls.map(({ contextId }) => idBase58(idFromBytes<ContextId>(contextId)))
  log.warn({ method, targets }, 'calls to other contexts (xcall) are not made by this node')
}
