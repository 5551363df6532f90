// How a guest is asked to apply a delta.
import { EMPTY } from '../../base/bytes.ts'
import { idBytes } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { GuestJob } from '../../runtime/guest-executor.ts'
import type { Delta, DeltaPayload } from '../../wire/delta.ts'

/** The entry point of a guest that applies an artifact. */
export const APPLY_METHOD = '__calimero_sync_next'

/** The guest sees the delta's stamp as its time and the author as its executor: the outcome is the same everywhere. */
export function applyJob(delta: Delta, payload: DeltaPayload): GuestJob {
  const author = idBytes(delta.author)
  const accountId = idBytes(accountOf(delta.author))
  const contextId = idBytes(delta.contextId)
  const env = {
    contextId,
    executorId: author,
    deviceId: author,
    accountId,
    timeNs: delta.hlc,
    randomSeed: idBytes(delta.id),
  }
  // An artifact for another kind of application has no effect, here as everywhere.
  const artifact = payload.artifact.kind === 'guest' ? payload.artifact.bytes : EMPTY
  return { kind: 'apply', artifact, keep: true, env }
}
