// What travels on the topic of the whole run: who looks for nodes by their keys, and where these listen. Nothing in it is
// signed: whoever dials an address finds out by Noise whether the one it looks for is there.
import type { Bytes } from '../base/bytes.ts'
import type { PublicKey } from '../base/ids.ts'
import { message } from './codec.ts'
import { LISTEN_ADDRESS_BYTES_MAX, LISTEN_ADDRESSES_MAX, NONCE_BYTES, SEEKING_BYTES_MAX, SOUGHT_MAX } from './limits.ts'
import { bytes, id, idSet, list, record, text, union } from './shape.ts'

export type Seeking =
  /** Sorted, unique. */
  | { readonly t: 'seek'; readonly sought: readonly PublicKey[]; readonly nonce: Bytes }
  | { readonly t: 'here'; readonly publicKey: PublicKey; readonly addresses: readonly string[]; readonly nonce: Bytes }

/** Gossip carries no message twice: one that says the same again is another by it. */
const nonce = bytes(NONCE_BYTES, NONCE_BYTES)
const seekingMessage = message(
  'seeking/1',
  union<'t', Seeking>('t', {
    seek: record({ sought: idSet<PublicKey>(SOUGHT_MAX), nonce }),
    here: record({
      publicKey: id<PublicKey>(),
      addresses: list(text(LISTEN_ADDRESS_BYTES_MAX), LISTEN_ADDRESSES_MAX),
      nonce,
    }),
  }),
  SEEKING_BYTES_MAX,
)

/** Throws WireError for what is out of bounds. */
export function encodeSeeking(seeking: Seeking): Bytes {
  return seekingMessage.encode(seeking)
}

/** Throws WireError. */
export function decodeSeeking(data: Bytes): Seeking {
  return seekingMessage.decode(data)
}
