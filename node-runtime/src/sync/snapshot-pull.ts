// The asking side for snapshots: the state at a peer's checkpoint, from where an earlier receipt of it stopped.
import type { Bytes } from '../base/bytes.ts'
import type { ContextId } from '../base/ids.ts'
import { type CertifiedCheckpoint, checkpointHash } from '../wire/checkpoint.ts'
import type { Conversation, Source } from './conversation.ts'
import { SyncError } from './errors.ts'
import type { SyncedContext } from './ports.ts'

interface From extends Pick<Source, 'peer'> {
  /** A page was taken. */
  readonly onPage: () => void
}

/**
 * True when the state was replaced: `context` has ended then. The peer has its time as long as something comes, until another one has
 * its turn: what is cut off is gone on with only where the same one is asked next.
 */
export function pullSnapshot(
  conversation: Conversation,
  { peer, onPage }: From,
  context: SyncedContext,
  certified: CertifiedCheckpoint,
): Promise<boolean> {
  const { contextId } = certified.checkpoint
  const checkpoint = checkpointHash(certified.checkpoint)
  return context.adopt(certified, peer, (after, over) => {
    // In the middle of a page, too, which may be long in coming.
    over.addEventListener('abort', () => void conversation.close(), { once: true })
    return pagesOf(conversation, contextId, { checkpoint, after, onPage })
  })
}

async function* pagesOf(
  conversation: Conversation,
  contextId: ContextId,
  {
    checkpoint,
    after,
    onPage,
  }: Pick<From, 'onPage'> & { readonly checkpoint: Bytes; readonly after: Bytes | undefined },
): AsyncGenerator<(readonly [Bytes, Bytes])[]> {
  const request = { t: 'snapshot' as const, contextId, checkpoint, ...(after === undefined ? {} : { after }) }
  for await (const frame of conversation.ask(request)) {
    if (frame.t !== 'entries') throw new SyncError('SYNC_INCOMPLETE', `the peer answers snapshot with ${frame.t}`)
    yield frame.entries.map(({ key, value }) => [key, value] as const)
    onPage()
  }
}
