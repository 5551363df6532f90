// Times of relays and direct connections are texts.
import { expect, test } from 'vitest'
import type { DirectUpgradeStatus, RelayStatus } from '../../../network/network.ts'
import { directUpgradeShape, relayShape } from './relay-shapes.ts'

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 6)
const AT = '2026-01-02T03:04:05.006Z'
const peer = 'p' as RelayStatus['peer']

test('a relay says since when it is what it is', () => {
  const shape = relayShape({ peer, address: '/ip4/127.0.0.1', state: 'accepted', changedAtMs: AT_MS })
  expect(shape).toEqual({ peerId: peer, reservationStatus: 'accepted', lastStateChange: AT })
})

test('a direct connection says when it was tried, and why it failed where it did', () => {
  const tried: DirectUpgradeStatus = {
    peer,
    role: 'asking',
    outcome: 'failed',
    attempts: 3,
    lastAttemptMs: AT_MS,
    addresses: [],
  }
  const shape = { peerId: peer, status: 'failed', lastAttempt: AT, attempts: 3, role: 'asking', addresses: [] }
  expect(directUpgradeShape(tried)).toEqual(shape)
  expect(directUpgradeShape({ ...tried, error: 'no way' })).toEqual({ ...shape, reason: 'no way' })
})
