// What travels on the topic of the whole run: who looks for nodes by their keys, and where these listen. An answer is signed by
// the node that gives it: whoever could answer for others could keep them from being found.
import type { Bytes } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import type { PublicKey } from '../base/ids.ts'
import { type SigningKey, verify } from '../base/keys.ts'
import { message } from './codec.ts'
import {
  LISTEN_ADDRESS_BYTES_MAX,
  LISTEN_ADDRESSES_MAX,
  NONCE_BYTES,
  SEEKING_BYTES_MAX,
  SIGNATURE_BYTES,
  SOUGHT_MAX,
} from './limits.ts'
import { bytes, id, idSet, list, record, text, u64, union } from './shape.ts'

interface Whereabouts {
  readonly publicKey: PublicKey
  readonly addresses: readonly string[]
  /** Milliseconds on the clock of who answers: of two answers the later counts. */
  readonly atMs: bigint
}

export type Here = Whereabouts & { readonly signature: Bytes }

export type Seeking =
  /** Sorted, unique. */
  { readonly t: 'seek'; readonly sought: readonly PublicKey[]; readonly nonce: Bytes } | ({ readonly t: 'here' } & Here)

const whereabouts = {
  publicKey: id<PublicKey>(),
  addresses: list(text(LISTEN_ADDRESS_BYTES_MAX), LISTEN_ADDRESSES_MAX),
  atMs: u64(),
}
const hereMessage = message('here/1', record(whereabouts), SEEKING_BYTES_MAX)
const seekingMessage = message(
  'seeking/1',
  union<'t', Seeking>('t', {
    // Gossip carries no message twice: one that asks the same again is another by its nonce.
    seek: record({ sought: idSet<PublicKey>(SOUGHT_MAX), nonce: bytes(NONCE_BYTES, NONCE_BYTES) }),
    here: record({ ...whereabouts, signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES) }),
  }),
  SEEKING_BYTES_MAX,
)

/** Throws WireError for what is out of bounds. */
export function encodeSeeking(seeking: Seeking): Bytes {
  return seekingMessage.encode(seeking)
}

/** Throws WireError. The signature of an answer is not checked. */
export function decodeSeeking(data: Bytes): Seeking {
  return seekingMessage.decode(data)
}

export function signHere(input: Omit<Whereabouts, 'publicKey'>, signingKey: SigningKey): Here {
  const unsigned = { ...input, publicKey: signingKey.publicKey }
  return { ...unsigned, signature: signingKey.sign(signedHash(unsigned)) }
}

export function verifyHere(here: Here): boolean {
  return verify(here.publicKey, signedHash(here), here.signature)
}

function signedHash({ publicKey, addresses, atMs }: Whereabouts): Bytes {
  return taggedHash('calbox/here/1', hereMessage.encode({ publicKey, addresses, atMs }))
}
