// What says of this node that it runs in a trusted environment. There is one provider: the mock, for tests. It stands for an
// environment that has measured nothing, and policies that want a real one do not accept it.
import type { Bytes } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import type { SigningKey } from '../../base/keys.ts'
import type { Attestation, Measurements } from '../../base/operations.ts'
import { type Attested, mockAttestation } from '../../wire/attestation.ts'
import { MEASUREMENT_BYTES, REGISTERS } from '../../wire/limits.ts'
import { quoteOf, type TdxQuote } from './tdx-quote.ts'

/** Absent on nodes that run in none. */
export interface Attester {
  readonly measurements: Measurements
  readonly platform: { readonly cloudProvider: string; readonly osImage: string }
  /** Of our keys to one other member, with what it has asked for: worth nothing to anybody else. */
  attest(claim: Attested & { readonly nonce: Bytes }): Attestation
  /** Over 64 bytes of the asker's. */
  quote(reportData: Bytes): TdxQuote
}

export function mockAttester(identity: SigningKey): Attester {
  const zero = new Uint8Array(MEASUREMENT_BYTES)
  const measurements = { provider: 'mock' as const, mrtd: zero, rtmrs: Array.from({ length: REGISTERS }, () => zero) }
  return {
    measurements,
    platform: { cloudProvider: 'mock', osImage: 'mock' },
    attest: (claim) => mockAttestation({ ...claim, ...measurements }, identity),
    quote: (reportData) =>
      quoteOf({ measurements, reportData }, (signed) => identity.sign(taggedHash('calbox/mock-quote/1', signed))),
  }
}
