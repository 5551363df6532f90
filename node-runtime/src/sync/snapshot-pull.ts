// The asking side for snapshots: the state at a peer's checkpoint, from where an earlier receipt of it stopped.
import type { Bytes } from '../base/bytes.ts'
import type { ContextId } from '../base/ids.ts'
import { type CertifiedCheckpoint, checkpointHash } from '../wire/checkpoint.ts'
import type { Conversation } from './conversation.ts'
import type { SyncedContext } from './ports.ts'

/** True when the state was replaced: `context` has ended then. */
export function pullSnapshot(
  conversation: Conversation,
  context: SyncedContext,
  certified: CertifiedCheckpoint,
): Promise<boolean> {
  const { contextId } = certified.checkpoint
  const checkpoint = checkpointHash(certified.checkpoint)
  return context.adopt(certified, (after) => pagesOf(conversation, contextId, { checkpoint, after }))
}

async function* pagesOf(
  conversation: Conversation,
  contextId: ContextId,
  { checkpoint, after }: { readonly checkpoint: Bytes; readonly after: Bytes | undefined },
): AsyncGenerator<(readonly [Bytes, Bytes])[]> {
  const request = { t: 'snapshot' as const, contextId, checkpoint, ...(after === undefined ? {} : { after }) }
  for await (const frame of conversation.ask(request)) {
    if (frame.t === 'entries') yield frame.entries.map(({ key, value }) => [key, value] as const)
  }
}
