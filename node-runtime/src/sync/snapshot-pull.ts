// The asking side for snapshots: the state at a peer's checkpoint, from where an earlier receipt of it stopped.
import type { Bytes } from '../base/bytes.ts'
import type { ContextId } from '../base/ids.ts'
import { type CertifiedCheckpoint, checkpointHash } from '../wire/checkpoint.ts'
import type { Conversation, Source } from './conversation.ts'
import type { SyncedContext } from './ports.ts'

/**
 * True when the state was replaced: `context` has ended then. The peer has its time as long as something comes, until another one has
 * its turn: what is cut off is gone on with only where the same one is asked next.
 */
export function pullSnapshot(
  conversation: Conversation,
  { peer }: Pick<Source, 'peer'>,
  context: SyncedContext,
  certified: CertifiedCheckpoint,
): Promise<boolean> {
  const { contextId } = certified.checkpoint
  const checkpoint = checkpointHash(certified.checkpoint)
  return context.adopt(certified, peer, (after, over) => {
    // In the middle of a page, too, which may be long in coming.
    over.addEventListener('abort', () => void conversation.close(), { once: true })
    return pagesOf(conversation, contextId, { checkpoint, after })
  })
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
