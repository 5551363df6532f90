// Login by signature: the node hands out a challenge, the wallet signs it with its Ed25519 key. Challenges are not kept
// before they are answered, so that asking for many costs nothing; one counts once, for a few minutes, and only in the
// process that made it.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Bytes, fromBase58, fromHex, toHex, utf8 } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { idBase58, type PublicKey, parseBase58Id, parseHexId } from '../../base/ids.ts'
import { verify } from '../../base/keys.ts'
import type { Random } from '../../base/random.ts'
import { AuthError } from '../errors.ts'
import { CHALLENGE_MS, SPENT_CHALLENGES_MAX } from '../limits.ts'
import type { Credentials, Provider } from './provider.ts'

export const WALLET = 'ed25519'

export interface Challenge {
  /** To be sent back as it is. */
  readonly challenge: string
  /** Base64. */
  readonly nonce: string
  /** Its UTF-8 is what is signed. */
  readonly message: string
  /** Unix seconds. */
  readonly expires_at: number
}

export interface WalletParts {
  readonly clock: Clock
  readonly random: Random
  /** Named in the message: a signature for one node is none for another. */
  readonly nodeId: string
}

export interface WalletProvider extends Provider {
  challenge(): Challenge
}

const CHALLENGE = /^([0-9a-f]{64})\.(\d{1,16})\.([0-9a-f]{64})$/
/** Of 64 bytes in base58 there are 88. */
const SIGNATURE_CHARS_MAX = 88
const HEX_SIGNATURE = /^[0-9a-f]{128}$/i
const HEX_KEY = /^[0-9a-f]{64}$/i

export function wallet({ clock, random, nodeId }: WalletParts): WalletProvider {
  const secret = random.bytes(32)
  /** Nonce → until when. The oldest first: all live equally long. */
  const spent = new Map<string, number>()
  const tagOf = (nonce: string, untilMs: number) => createHmac('sha256', secret).update(`${nonce}.${untilMs}`).digest()
  const messageOf = (challenge: string) => `Log in to the calbox node ${nodeId}\n${challenge}`

  const nonceOf = (challenge: string): { nonce: string; untilMs: number } => {
    const [, nonce, until, tag] = CHALLENGE.exec(challenge) ?? []
    if (nonce === undefined || tag === undefined) throw rejected('this is no challenge of this node')
    const untilMs = Number(until)
    if (!timingSafeEqual(tagOf(nonce, untilMs), fromHex(tag))) throw rejected('this is no challenge of this node')
    if (clock.nowMs() >= untilMs) throw rejected('the challenge has expired')
    return { nonce, untilMs }
  }

  const spend = (nonce: string, untilMs: number): void => {
    for (const [known, until] of spent) {
      if (until > clock.nowMs()) break
      spent.delete(known)
    }
    if (spent.has(nonce)) throw rejected('the challenge has been used')
    if (spent.size >= SPENT_CHALLENGES_MAX) throw new AuthError('AUTH_BUSY', 'too many logins; try again in a minute')
    spent.set(nonce, untilMs)
  }

  return {
    name: WALLET,
    description: 'Ed25519 key: sign the message of GET /auth/challenge',
    settings: { challenge_expires_in: CHALLENGE_MS / 1000 },
    challenge() {
      const nonce = random.bytes(32)
      const untilMs = Math.trunc(clock.nowMs()) + CHALLENGE_MS
      const challenge = `${toHex(nonce)}.${untilMs}.${toHex(tagOf(toHex(nonce), untilMs))}`
      return {
        challenge,
        nonce: Buffer.from(nonce).toString('base64'),
        message: messageOf(challenge),
        expires_at: Math.floor(untilMs / 1000),
      }
    },
    accountOf: ({ publicKey }) => idBase58(keyOfText(publicKey)),
    async prove({ publicKey, data: { challenge, signature } }, key) {
      if (typeof challenge !== 'string' || typeof signature !== 'string') {
        throw rejected('provider_data has challenge, as it was given, and signature')
      }
      const { nonce, untilMs } = nonceOf(challenge)
      if (!verify(keyOfText(publicKey), utf8(messageOf(challenge)), signatureOf(signature)) || key === undefined) {
        throw rejected('the signature is not that of a key known here')
      }
      spend(nonce, untilMs)
      return {}
    },
    async enrol({ publicKey }: Credentials) {
      try {
        keyOfText(publicKey)
      } catch {
        throw new AuthError('AUTH_INPUT', 'public_key is an Ed25519 key in base58, or 64 hex characters')
      }
      return {}
    },
  }
}

function keyOfText(text: string): PublicKey {
  try {
    return HEX_KEY.test(text) ? parseHexId<PublicKey>(text) : parseBase58Id<PublicKey>(text)
  } catch {
    throw rejected('public_key is no Ed25519 key in base58')
  }
}

/** Hex, base64 with its padding, or base58. A wrong length is left to the check of the signature. */
function signatureOf(text: string): Bytes {
  if (HEX_SIGNATURE.test(text)) return fromHex(text)
  if (text.endsWith('==')) return Buffer.from(text, 'base64')
  try {
    // What base58 costs grows with the square of its length.
    if (text.length <= SIGNATURE_CHARS_MAX) return fromBase58(text)
  } catch {
    // Refused below.
  }
  throw rejected('the signature is neither hex, base64 nor base58')
}

function rejected(why: string): AuthError {
  return new AuthError('CREDENTIALS_REJECTED', `Authentication failed: ${why}`)
}
