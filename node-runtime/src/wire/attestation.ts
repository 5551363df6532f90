// Attestations of trusted environments: what one is made over, and the policies that name them. The provider there is
// today, the mock, vouches for nothing but its own key.
import { type Bytes, compareBytes } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import type { AccountId, KemKey, NamespaceId, PublicKey } from '../base/ids.ts'
import { type SigningKey, verify } from '../base/keys.ts'
import type { Attestation, Measurements, MemberKeys, TeePolicy } from '../base/operations.ts'
import { message } from './codec.ts'
import {
  ATTESTED_BYTES_MAX,
  HASH_BYTES,
  MEASUREMENT_BYTES,
  POLICY_MEASUREMENTS_MAX,
  POLICY_STATUSES_MAX,
  REGISTERS,
  SIGNATURE_BYTES,
  TCB_STATUS_BYTES_MAX,
} from './limits.ts'
import { bytes, flag, id, list, oneOf, record, type Shape, text, wrong } from './shape.ts'

/** Whose keys are attested, to whom, and for which namespace: an attestation for others is worth nothing. */
export interface Attested {
  readonly namespaceId: NamespaceId
  /** Who admits. */
  readonly verifier: PublicKey
  readonly member: MemberKeys
}

export const member: Shape<MemberKeys> = record({
  account: id<AccountId>(),
  publicKey: id<PublicKey>(),
  kemKey: id<KemKey>(),
})

const measurement = bytes(MEASUREMENT_BYTES, MEASUREMENT_BYTES)
const nonce = bytes(HASH_BYTES, HASH_BYTES)
const claims = {
  provider: oneOf(['mock']),
  mrtd: measurement,
  rtmrs: list(measurement, REGISTERS, REGISTERS),
  nonce,
}

export const attestation: Shape<Attestation> = record({ ...claims, signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES) })

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const measurements = ascending(list(measurement, POLICY_MEASUREMENTS_MAX), compareBytes)

export const teePolicy: Shape<TeePolicy> = record({
  acceptMock: flag(),
  mrtds: measurements,
  rtmrs: list(measurements, REGISTERS, REGISTERS),
  tcbStatuses: ascending(list(text(TCB_STATUS_BYTES_MAX, 1), POLICY_STATUSES_MAX), byText),
})

const attestedMessage = message(
  'attested/1',
  record({ namespaceId: id<NamespaceId>(), verifier: id<PublicKey>(), member, ...claims }),
  ATTESTED_BYTES_MAX,
)

export interface MockClaim extends Attested, Measurements {
  readonly nonce: Bytes
}

/** By the key of the member, which is the holder of `signingKey`. */
export function mockAttestation(claim: MockClaim, signingKey: SigningKey): Attestation {
  const { provider, mrtd, rtmrs, nonce: given } = claim
  const unsigned = { provider, mrtd, rtmrs, nonce: given }
  return { ...unsigned, signature: signingKey.sign(signedHash(claim, unsigned)) }
}

/** True when it was made for just that. Whether mocks are wanted, and these measurements, the policy says. */
export function verifyAttestation(attested: Attested, { signature, ...unsigned }: Attestation): boolean {
  return verify(attested.member.publicKey, signedHash(attested, unsigned), signature)
}

function signedHash(
  { namespaceId, verifier, member: keys }: Attested,
  unsigned: Omit<Attestation, 'signature'>,
): Bytes {
  return taggedHash('calbox/attested/1', attestedMessage.encode({ namespaceId, verifier, member: keys, ...unsigned }))
}

/** A set has one form. */
function ascending<T>(items: Shape<readonly T[]>, compare: (a: T, b: T) => number): Shape<readonly T[]> {
  const checked = (value: readonly T[], at: string) => {
    const isSet = value.every((item, i) => {
      const before = value[i - 1]
      return i === 0 || (before !== undefined && compare(before, item) < 0)
    })
    if (!isSet) throw wrong(at, 'an ascending list without repetition', value)
    return value
  }
  return {
    read: (raw, at) => checked(items.read(raw, at), at),
    raw: (value, at) => items.raw(checked(value, at), at),
  }
}
