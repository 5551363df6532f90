import { expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { GOSSIP_NAMED_MAX } from '../limits.ts'
import { nameOf, partRecipients, withRecipients } from './named-recipients.ts'

const data = utf8('a message')

it('a message says to whom it went, and is what it was', () => {
  for (const peers of [[], ['a'], ['a', 'b', 'c']]) {
    const parted = partRecipients(withRecipients(data, peers))
    expect(parted?.recipients).toEqual(peers.map(nameOf))
    expect(Buffer.from(parted?.data ?? [])).toEqual(Buffer.from(data))
  }
})

it('of many peers some are not named', () => {
  const peers = Array.from({ length: GOSSIP_NAMED_MAX + 3 }, (_, index) => `peer ${index}`)
  expect(partRecipients(withRecipients(data, peers))?.recipients).toEqual(peers.slice(0, GOSSIP_NAMED_MAX).map(nameOf))
})

it('what was written otherwise has no recipients and is no message', () => {
  expect(partRecipients(new Uint8Array(0))).toBeUndefined()
  expect(partRecipients(Uint8Array.of(2, 0, 0, 0))).toBeUndefined()
  expect(partRecipients(Uint8Array.of(GOSSIP_NAMED_MAX + 1, ...new Uint8Array(4096)))).toBeUndefined()
})
