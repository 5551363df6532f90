import { expect, test } from 'vitest'
import { chosenNetwork } from './node-networks.ts'

test.each([
  [['bridge', 'calimero_web', 'a', 'merobox-cluster'], 'merobox-cluster'],
  [['bridge', 'calimero_web', 'a'], 'calimero_web'],
  [['bridge', 'b', 'a'], 'a'],
  [['bridge'], 'bridge'],
  [[], undefined],
])('of the networks %j a node leaves %s where none is named', (on, chosen) => {
  expect(chosenNetwork(on)).toBe(chosen)
})
