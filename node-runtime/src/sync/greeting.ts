// What two nodes tell each other before they compare a context: what its members are known to have.
import { type Bytes, equalBytes } from '../base/bytes.ts'
import type { ContextId } from '../base/ids.ts'
import { type CertifiedCheckpoint, checkpointHash, decodeCertified, encodeCertified } from '../wire/checkpoint.ts'
import { decodeHeads, encodeHeads } from '../wire/gossip.ts'
import { GREETING_BEATS_BYTES, GREETING_BEATS_MAX } from '../wire/limits.ts'
import type { SyncFrame } from '../wire/sync-messages.ts'
import type { Conversation } from './conversation.ts'
import { SyncError } from './errors.ts'
import type { SyncedContext } from './ports.ts'

type Greeting = Extract<SyncFrame, { t: 'greeting' }>

/** What the asker stands on, and what it knows another part of the group to stand on. */
interface Asker {
  readonly beneath: Bytes | undefined
  readonly other: Bytes | undefined
}

interface Greeted {
  readonly checkpoint?: CertifiedCheckpoint
  readonly other?: CertifiedCheckpoint
}

/**
 * Our own beat first, then the newest ones. What does not fit is heard of elsewhere. Our checkpoint only where the asker has
 * another, by its hash: it is large. Else what another part of the group stands on, to which the asker may have no way.
 */
export function greetingOf(context: SyncedContext, asker: Asker): Greeting {
  const own = context.beat()
  const others = [...context.beats()].sort((a, b) => (a.hlc > b.hlc ? -1 : 1))
  const beats: Bytes[] = []
  let size = 0
  for (const beat of own ? [own, ...others] : others) {
    const bytes = encodeHeads(beat)
    size += bytes.byteLength
    if (size > GREETING_BEATS_BYTES || beats.length >= GREETING_BEATS_MAX) break
    beats.push(bytes)
  }
  const certified = context.checkpoint()
  const isNews = (offered: CertifiedCheckpoint, known: Bytes | undefined) =>
    known === undefined || !equalBytes(known, checkpointHash(offered.checkpoint))
  if (certified && isNews(certified, asker.beneath))
    return { t: 'greeting', beats, checkpoint: encodeCertified(certified) }
  const other = context.other()
  const isUnknown = other && isNews(other, asker.beneath) && isNews(other, asker.other)
  return { t: 'greeting', beats, ...(isUnknown ? { other: encodeCertified(other) } : {}) }
}

/**
 * Tells the peer what we have, and takes what it knows; a peer that says nothing is none the worse for it. `checkpoint`: its own, if
 * it is another than ours. `other`: one whose state is not its to give.
 */
export async function greet(
  conversation: Conversation,
  context: SyncedContext,
  contextId: ContextId,
): Promise<Greeted> {
  const own = context.beat()
  const beat = own && encodeHeads(own)
  const fits = beat !== undefined && beat.byteLength <= GREETING_BEATS_BYTES
  const known = context.other()
  const other = known && checkpointHash(known.checkpoint)
  let greeting: Greeting | undefined
  for await (const frame of conversation.ask({
    t: 'greet',
    contextId,
    ...(fits && { beat }),
    ...(other && { other }),
  })) {
    if (greeting || frame.t !== 'greeting')
      throw new SyncError('SYNC_INCOMPLETE', `the peer answers greet with ${greeting ? 'another ' : ''}${frame.t}`)
    greeting = frame
  }
  if (!greeting) return {}
  await context.acknowledge(greeting.beats.map(decodeHeads))
  return {
    ...(greeting.checkpoint && { checkpoint: decodeCertified(greeting.checkpoint) }),
    ...(greeting.other && { other: decodeCertified(greeting.other) }),
  }
}
