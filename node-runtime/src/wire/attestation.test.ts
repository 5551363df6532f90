// What an attestation is made for, and in what form policies travel.
import { expect, test } from 'vitest'
import { mockAttestation, teePolicy, verifyAttestation } from './attestation.ts'
import { WireError } from './errors.ts'
import { alice, attested, bob, bytesOf, idOf, memberKeys } from './messages.fixture.ts'
import { decodeOp, encodeOp, signOp, verifyOp } from './op.ts'

const made = mockAttestation(attested, bob)

test('an attestation holds for the namespace, the verifier, the keys, the nonce and the measurements it was made with', () => {
  expect(verifyAttestation(attested, made)).toBe(true)
  expect(verifyAttestation({ ...attested, namespaceId: idOf('another') }, made)).toBe(false)
  expect(verifyAttestation({ ...attested, verifier: bob.publicKey }, made)).toBe(false)
  expect(verifyAttestation({ ...attested, member: memberKeys(alice) }, made)).toBe(false)
  expect(verifyAttestation(attested, { ...made, nonce: bytesOf('another') })).toBe(false)
  expect(verifyAttestation(attested, { ...made, mrtd: made.mrtd.map(() => 7) })).toBe(false)
  expect(verifyAttestation(attested, mockAttestation(attested, alice))).toBe(false)
})

test('an operation that lets a node in is genuine only by who asked for its attestation', () => {
  const draft = { namespaceId: attested.namespaceId, parents: [], hlc: 1n } as const
  const body = { kind: 'tee_admitted' as const, member: attested.member, attestation: made }
  expect(verifyOp(decodeOp(encodeOp(signOp({ ...draft, body, signingKey: alice }))))).toBe(true)
  expect(verifyOp(signOp({ ...draft, body, signingKey: bob }))).toBe(false)
})

test('a policy has one form: each set ascends without repetition, and there are four registers', () => {
  const [low, high] = [new Uint8Array(48), new Uint8Array(48).fill(1)]
  const policy = { acceptMock: false, mrtds: [low, high], rtmrs: [[], [], [], []], tcbStatuses: ['A', 'B'] }
  const refused = (change: object) => expect(() => teePolicy.raw({ ...policy, ...change }, 'policy')).toThrow(WireError)
  teePolicy.raw(policy, 'policy')
  refused({ mrtds: [high, low] })
  refused({ mrtds: [low, low] })
  refused({ mrtds: [new Uint8Array(47)] })
  refused({ rtmrs: [[], [], []] })
  refused({ tcbStatuses: ['B', 'A'] })
})
