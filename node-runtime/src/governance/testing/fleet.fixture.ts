// Attested nodes and the policies that let them in, for tests, and random histories of them.
import fc from 'fast-check'
import type { Bytes } from '../../base/bytes.ts'
import type { OpBody, TeePolicy } from '../../base/operations.ts'
import { CAPABILITY } from '../capabilities.ts'
import type { play } from './games.fixture.ts'
import {
  alice,
  bob,
  bytesOf,
  capable,
  carol,
  dave,
  eve,
  grouped,
  joined,
  keysOf,
  type Person,
  person,
  removed,
  roled,
} from './world.fixture.ts'

const measured = (label: string): Bytes => Uint8Array.from([...bytesOf(label), ...bytesOf(label).subarray(16)])
export const firmware: Bytes = measured('firmware')
export const otherFirmware: Bytes = measured('other firmware')

/** By default mocks are let in whose MRTD is that of `firmware`. */
export const letsIn = (policy: Partial<TeePolicy> = {}): OpBody => ({
  kind: 'tee_policy_set',
  policy: { acceptMock: true, mrtds: [firmware], rtmrs: [[], [], [], []], tcbStatuses: [], ...policy },
})
export const letsNobodyIn: OpBody = { kind: 'tee_policy_set' }

export const admitted = (who: Person, mrtd: Bytes = firmware): OpBody => ({
  kind: 'tee_admitted',
  member: keysOf(who),
  attestation: {
    provider: 'mock',
    mrtd,
    rtmrs: ['0', '1', '2', '3'].map(measured),
    nonce: bytesOf('nonce'),
    signature: new Uint8Array(64),
  },
})

type Turn = Parameters<typeof play>[0][number]
type Move = Turn['ideas'][number][1]

const finn = person('finn')
const somebody = fc.constantFrom(bob, carol, dave, eve, finn)
const bodies: fc.Arbitrary<(by: Person) => OpBody> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(letsIn(), letsIn({ mrtds: [] }), letsIn({ mrtds: [otherFirmware] }), letsNobodyIn)
      .map((body) => () => body),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(eve, finn), fc.constantFrom(firmware, otherFirmware))
      .map((args) => () => admitted(...args)),
  },
  { weight: 1, arbitrary: somebody.map((who) => () => removed(who)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(bob, carol, dave), fc.constantFrom('Admin' as const, 'Member' as const))
      .map((args) => () => roled(...args)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(bob, dave).map((who) => () => capable(CAPABILITY.manageMembers, who)),
  },
  { weight: 1, arbitrary: fc.constantFrom('1', '2', '3').map((salt) => (by: Person) => joined(by, alice, { salt })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('g0', 'g1'), fc.constantFrom('open' as const, 'restricted' as const))
      .map((args) => (by: Person) => grouped(by, ...args)),
  },
)

const turn: fc.Arbitrary<Turn> = fc.record({
  ideas: fc.array(fc.tuple(fc.constantFrom(alice, alice, carol, carol, bob, dave, eve), bodies as fc.Arbitrary<Move>), {
    minLength: 6,
    maxLength: 6,
  }),
  reckless: fc.constant(false),
  at: fc.nat(2),
  tells: fc.option(fc.nat(2), { nil: undefined, freq: 1 }),
  lag: fc.nat(3),
})

/** Alice and carol are admins that let nodes in and put them out, and change the policy, without hearing of each other. */
export const fleetGames: fc.Arbitrary<Turn[]> = fc.array(turn, { minLength: 1, maxLength: 20, size: 'max' })
