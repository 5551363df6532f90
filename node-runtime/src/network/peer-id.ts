// The text form of a peer id and the Ed25519 key inside it. Pure: needs nothing of libp2p.
import { type Bytes, concat, equalBytes, fromBase58, fromHex, toBase58 } from '../base/bytes.ts'
import { idBytes, idFromBytes, type PublicKey } from '../base/ids.ts'
import { NetworkError } from './errors.ts'
import { PEER_KEYS_MAX } from './limits.ts'
import type { PeerId } from './network.ts'

// Identity multihash (0x00) of 36 bytes: protobuf { 1: key type 1 = Ed25519, 2: 32 bytes of key }.
const HEADER = fromHex('002408011220')
const TEXT_MAX = 64

/** Of members, who are looked up in every look at what is followed. */
const peers = new Map<PublicKey, PeerId>()

export function peerIdOfPublicKey(publicKey: PublicKey): PeerId {
  const known = peers.get(publicKey)
  if (known !== undefined) return known
  const peer = toBase58(concat([HEADER, idBytes(publicKey)]))
  if (peers.size >= PEER_KEYS_MAX) peers.clear()
  peers.set(publicKey, peer)
  return peer
}

/** Of peers that were met. */
const keys = new Map<PeerId, PublicKey>()

/** The node identity behind a peer id: Noise has proved that the peer holds it. Throws NetworkError for any other key kind. */
export function publicKeyOfPeer(peer: PeerId): PublicKey {
  const known = keys.get(peer)
  if (known !== undefined) return known
  const key = keyIn(peer)
  if (keys.size >= PEER_KEYS_MAX) keys.clear()
  keys.set(peer, key)
  return key
}

function keyIn(peer: PeerId): PublicKey {
  let bytes: Bytes
  try {
    if (peer.length > TEXT_MAX) throw new SyntaxError('too long')
    bytes = fromBase58(peer)
  } catch (cause) {
    throw invalid(peer, cause)
  }
  if (bytes.byteLength !== HEADER.byteLength + 32) throw invalid(peer)
  if (!equalBytes(bytes.subarray(0, HEADER.byteLength), HEADER)) throw invalid(peer)
  return idFromBytes<PublicKey>(bytes.subarray(HEADER.byteLength))
}

function invalid(peer: string, cause?: unknown): NetworkError {
  return new NetworkError('PEER_ID_INVALID', `${JSON.stringify(peer.slice(0, 80))} is not the id of an Ed25519 peer`, {
    cause,
  })
}
