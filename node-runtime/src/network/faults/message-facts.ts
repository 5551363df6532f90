// Reads what a message is from its bytes. What cannot be read is of no kind but its protocol's.
import { createHash } from 'node:crypto'
import type { Bytes } from '../../base/bytes.ts'
import type { PublicKey } from '../../base/ids.ts'
import { decodeDelta } from '../../wire/delta.ts'
import { decodeGossip, decodeHeads } from '../../wire/gossip.ts'
import { decodeOp } from '../../wire/op.ts'
import { syncFrameMessage } from '../../wire/sync-messages.ts'
import type { PeerId } from '../network.ts'
import { peerIdOfPublicKey } from '../peer-id.ts'
import type { MessageFacts, MessageKind } from './message-rule.ts'

type Signed = { readonly id: string; readonly author: PublicKey }
type Found = Pick<MessageFacts, 'kinds' | 'authors' | 'ids'>

export function factsOfGossip(data: Bytes): MessageFacts {
  return { channel: 'gossip', ...(read(() => gossipContent(data)) ?? unknown([], data)) }
}

/** `protocol`: with its version, `sync/8`. */
export function factsOfFrame(protocol: string, frame: Bytes): MessageFacts {
  const name = protocol.slice(0, Math.max(0, protocol.indexOf('/')))
  const kinds: MessageKind[] = name === 'sync' || name === 'hello' || name === 'blob' ? [name] : []
  const found = (name === 'sync' ? read(() => frameContent(frame)) : undefined) ?? unknown([], frame)
  return { channel: 'stream', ...found, kinds: [...kinds, ...found.kinds] }
}

function gossipContent(data: Bytes): Found {
  const gossip = decodeGossip(data)
  if (gossip.t === 'deltas') return ofSigned('delta', gossip.items.map(decodeDelta))
  if (gossip.t === 'ops') return ofSigned('governance', gossip.items.map(decodeOp))
  if (gossip.t === 'heads') return ofHeads([gossip], data)
  if (gossip.t === 'announce') return { kinds: ['announce'], authors: [], ids: gossip.items.map(({ id }) => id) }
  return unknown([], data)
}

function frameContent(frame: Bytes): Found | undefined {
  const content = syncFrameMessage.decode(frame)
  if (content.t === 'greeting') return ofHeads(content.beats.map(decodeHeads), frame)
  if (content.t !== 'items') return undefined
  // Operations, deltas or sealed keys: only the bytes say which.
  const deltas = read(() => content.items.map(decodeDelta))
  if (deltas !== undefined) return ofSigned('delta', deltas)
  const operations = read(() => content.items.map(decodeOp))
  return operations && ofSigned('governance', operations)
}

function ofSigned(kind: MessageKind, items: readonly Signed[]): Found {
  return { kinds: [kind], authors: authorsOf(items), ids: items.map(({ id }) => id) }
}

function ofHeads(beats: readonly { readonly author: PublicKey }[], data: Bytes): Found {
  return { kinds: ['heads'], authors: authorsOf(beats), ids: [hashOf(data)] }
}

function authorsOf(items: readonly { readonly author: PublicKey }[]): PeerId[] {
  return [...new Set(items.map(({ author }) => peerIdOfPublicKey(author)))]
}

function unknown(kinds: readonly MessageKind[], data: Bytes): Found {
  return { kinds, authors: [], ids: [hashOf(data)] }
}

function hashOf(data: Bytes): string {
  return createHash('sha256').update(data).digest('base64')
}

/** Undefined where it is something else. */
function read<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch {
    // Bytes of peers: whoever takes the message says what is wrong with it.
    return undefined
  }
}
