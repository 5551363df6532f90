import { expect, test } from 'vitest'
import { WRITES_BESIDE_MAX } from '../limits.ts'
import { WriteLedger } from './write-ledger.ts'

const idsOf = (ledger: WriteLedger) => ledger.writesBefore('c', 'n-2').map(({ deltaId }) => deltaId)

function wrote(ledger: WriteLedger, deltaId: string | undefined, beganAt = ledger.now): void {
  ledger.add('c', { node: 'n-1', deltaId }, beganAt)
}

test('a write that began after the reply to another one contains it', () => {
  const ledger = new WriteLedger()
  wrote(ledger, 'a')
  wrote(ledger, 'b')
  expect(idsOf(ledger)).toEqual(['b'])
  expect(ledger.writesBefore('c', 'n-1')).toEqual([])
})

test('writes beside each other are all waited for, in whatever order their replies come, until one contains them', () => {
  const ledger = new WriteLedger()
  const began = ledger.now
  wrote(ledger, 'later', began)
  wrote(ledger, 'earlier', began)
  expect(idsOf(ledger)).toEqual(['later', 'earlier'])
  wrote(ledger, 'next')
  expect(idsOf(ledger)).toEqual(['next'])
})

test('what a node does not name takes no known write away', () => {
  const ledger = new WriteLedger()
  wrote(ledger, 'a')
  wrote(ledger, undefined)
  wrote(ledger, undefined)
  expect(idsOf(ledger)).toEqual(['a', undefined])
  wrote(ledger, 'b')
  expect(idsOf(ledger)).toEqual(['b'])
})

test('beyond the cap the state of the node is waited for instead of its oldest writes', () => {
  const ledger = new WriteLedger()
  for (let at = 0; at < WRITES_BESIDE_MAX + 3; at += 1) wrote(ledger, `d${at}`, 0)
  const ids = idsOf(ledger)
  expect(ids.length).toBe(WRITES_BESIDE_MAX + 1)
  expect([ids[0], ids.at(-1)]).toEqual([undefined, `d${WRITES_BESIDE_MAX + 2}`])
})
