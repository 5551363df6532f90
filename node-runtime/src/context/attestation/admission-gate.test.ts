// What is let in is the very node that asks, by an attestation made for just this.
import { expect, test } from 'vitest'
import { accountOf, kemKeyFromSecret, signingKeyFromSeed } from '../../base/keys.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { MEASUREMENT_BYTES } from '../../wire/limits.ts'
import { CHALLENGE_MS } from '../limits.ts'
import { govern } from '../namespaces/administration.ts'
import { AdmissionGate } from './admission-gate.ts'
import { mockAttester } from './attester.ts'

const { share } = testWorlds()
const zero = new Uint8Array(MEASUREMENT_BYTES)
const policy = { acceptMock: true, mrtds: [zero], rtmrs: [[], [], [], []], tcbStatuses: [] }

const seed = (fill: number) => new Uint8Array(32).fill(fill)
const node = signingKeyFromSeed(seed(1))
const member = {
  account: accountOf(node.publicKey),
  publicKey: node.publicKey,
  kemKey: kemKeyFromSecret(seed(2)).publicKey,
}
const other = signingKeyFromSeed(seed(3)).publicKey

async function desk() {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const { node: ada } = world.get('ada')
  await world.run(govern(ada, shared.groupId, { kind: 'tee_policy_set', policy }))
  const { namespaces, identity, account } = ada
  const { clock, random, log } = ada.ports
  const gate = new AdmissionGate({ namespaces, identity, account, clock, random, log })
  const challenge = gate.challenge(shared.groupId, node.publicKey)
  const { namespaceId } = challenge
  const claim = { ...challenge, verifier: identity.publicKey, member }
  const attestation = mockAttester(node).attest(claim)
  return { world, shared, gate, challenge, namespaceId, claim, attestation, ada }
}

test('an attestation made for the challenge, by the node that asks, lets it in; the same again changes nothing', async () => {
  const { world, gate, namespaceId, attestation, ada } = await desk()
  for (const _ of [1, 2]) await world.run(gate.admit(node.publicKey, { namespaceId, member, attestation }))
  expect(ada.namespaces.get(namespaceId).state.roleIn(namespaceId, member.account)).toBe('ReadOnlyTee')
  expect(
    ada.namespaces
      .get(namespaceId)
      .opsNotIn([], 99)
      .filter(({ body }) => body.kind === 'tee_admitted'),
  ).toHaveLength(1)
})

test('two requests at once make one member', async () => {
  const { world, gate, namespaceId, attestation } = await desk()
  const request = { namespaceId, member, attestation }
  await world.run(Promise.all([gate.admit(node.publicKey, request), gate.admit(node.publicKey, request)]))
})

test('one for another asker, of other keys, to another node, or changed on the way, is refused', async () => {
  const { gate, namespaceId, claim, attestation } = await desk()
  const refused = (asker: typeof other, request: Partial<Parameters<AdmissionGate['admit']>[1]>) =>
    expect(gate.admit(asker, { namespaceId, member, attestation, ...request })).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    })
  await refused(other, {})
  await refused(other, { member: { ...member, publicKey: other, account: accountOf(other) } })
  await refused(node.publicKey, { member: { ...member, kemKey: kemKeyFromSecret(seed(9)).publicKey } })
  await refused(node.publicKey, { attestation: mockAttester(node).attest({ ...claim, verifier: other }) })
  await refused(node.publicKey, { attestation: { ...attestation, mrtd: zero.map(() => 1) } })
  await refused(node.publicKey, { attestation: mockAttester(signingKeyFromSeed(seed(4))).attest(claim) })
})

test('one that was made for nothing asked, or long ago, is refused', async () => {
  const { world, gate, namespaceId, claim, attestation } = await desk()
  const stale = mockAttester(node).attest({ ...claim, nonce: seed(5) })
  await expect(gate.admit(node.publicKey, { namespaceId, member, attestation: stale })).rejects.toThrow('or too late')
  await world.pass(2 * CHALLENGE_MS)
  await expect(gate.admit(node.publicKey, { namespaceId, member, attestation })).rejects.toThrow('or too late')
})

test('a member that may not manage members lets nobody in', async () => {
  const { world, shared } = await desk()
  const { namespaces, identity, account, ports } = world.get('bob').node
  const gate = new AdmissionGate({ namespaces, identity, account, ...ports })
  expect(() => gate.challenge(shared.groupId, node.publicKey)).toThrow('lets nobody in')
})

test('whom the policy does not name is refused before anything is signed', async () => {
  const { world, shared, gate, namespaceId, attestation, ada } = await desk()
  const body = { kind: 'tee_policy_set', policy: { ...policy, mrtds: [zero.map(() => 1)] } } as const
  await world.run(govern(ada, shared.groupId, body))
  const admission = gate.admit(node.publicKey, { namespaceId, member, attestation })
  await expect(admission).rejects.toThrow(/^the policy does not name this MRTD$/)
})
