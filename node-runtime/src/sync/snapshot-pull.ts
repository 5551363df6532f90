// The asking side for snapshots: the state at a peer's checkpoint, from where an earlier receipt of it stopped.
import type { Bytes } from '../base/bytes.ts'
import type { ContextId } from '../base/ids.ts'
import { type CertifiedCheckpoint, checkpointHash } from '../wire/checkpoint.ts'
import type { Conversation, Source } from './conversation.ts'
import { SNAPSHOT_PORTION_BYTES } from './limits.ts'
import type { SyncedContext } from './ports.ts'

/**
 * True when the state was replaced: `context` has ended then. The peer has its time again with each portion: what is cut off is
 * gone on with only where the same one is asked next.
 */
export function pullSnapshot(
  conversation: Conversation,
  { peer, renew = () => {} }: Pick<Source, 'peer' | 'renew'>,
  context: SyncedContext,
  certified: CertifiedCheckpoint,
): Promise<boolean> {
  const { contextId } = certified.checkpoint
  const checkpoint = checkpointHash(certified.checkpoint)
  return context.adopt(certified, peer, (after) => pagesOf(conversation, contextId, { checkpoint, after, renew }))
}

async function* pagesOf(
  conversation: Conversation,
  contextId: ContextId,
  { checkpoint, after, renew }: { readonly checkpoint: Bytes; readonly after: Bytes | undefined; renew: () => void },
): AsyncGenerator<(readonly [Bytes, Bytes])[]> {
  const request = { t: 'snapshot' as const, contextId, checkpoint, ...(after === undefined ? {} : { after }) }
  let bytes = 0
  for await (const frame of conversation.ask(request)) {
    if (frame.t !== 'entries') continue
    yield frame.entries.map(({ key, value }) => [key, value] as const)
    for (const { key, value } of frame.entries) bytes += key.byteLength + value.byteLength
    if (bytes < SNAPSHOT_PORTION_BYTES) continue
    bytes = 0
    renew()
  }
}
