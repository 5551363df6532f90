import { expect, it } from 'vitest'
import { fromHex, toHex } from '../../../base/bytes.ts'
import { CIRCUIT_FIELDS_MAX, CIRCUIT_MESSAGE_BYTES_MAX } from '../../limits.ts'
import { decodeHop, decodeStop, encodeHop, encodeStop } from './circuit-messages.ts'

const peer = Uint8Array.of(1, 2, 3)

it.each([
  [{ t: 'reserve' }, '0800'],
  [{ t: 'connect', peer }, '080112050a03010203'],
  [{ t: 'status', status: 100, expiresSec: 300 }, '08021a0308ac022864'],
  [{ t: 'status', status: 204 }, '080228cc01'],
] as const)('hop: %o is what the specification has', (message, hex) => {
  expect(toHex(encodeHop(message))).toBe(hex)
  expect(decodeHop(Uint8Array.from(fromHex(hex)))).toEqual(message)
})

it.each([
  [{ t: 'connect', peer }, '080012050a03010203'],
  [{ t: 'status', status: 100 }, '08012064'],
] as const)('stop: %o is what the specification has', (message, hex) => {
  expect(toHex(encodeStop(message))).toBe(hex)
  expect(decodeStop(Uint8Array.from(fromHex(hex)))).toEqual(message)
})

it('fields that other implementations send are passed over', () => {
  // A limit (4) and a reservation with addresses (2) and a voucher (3).
  const answer = fromHex(
    '08021a0a08ac0212020405 1a0106 2203080110 2864'.replaceAll(' ', '').replace('2203080110', '22020801'),
  )
  expect(decodeHop(answer)).toEqual({ t: 'status', status: 100, expiresSec: 300 })
})

it.each([
  ['nothing', ''],
  ['a type that is none', '0809'],
  ['a connect without a peer', '0801'],
  ['a status without one', '0802'],
  ['a number without an end', '0880'],
  ['a number that is too large', '08ffffffffffffffffff01'],
  ['a field beyond the message', '0801127f'],
  ['a field of an unknown kind', '0d00000000'],
  ['more fields than any message has', '0800'.repeat(CIRCUIT_FIELDS_MAX + 1)],
  ['more bytes than any message has', '00'.repeat(CIRCUIT_MESSAGE_BYTES_MAX + 1)],
])('%s is refused', (_, hex) => {
  expect(() => decodeHop(fromHex(hex))).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }))
})
