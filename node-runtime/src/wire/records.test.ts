import { describe, expect, test } from 'vitest'
import { writeCbor } from './cbor-writer.ts'
import { decodeRow, encodeRow, type HandlerRow, RecordError } from './records.ts'

const row: HandlerRow = {
  v: 1,
  kind: 'Set',
  data: new Uint8Array(2),
  handler: 'on_set',
  depth: 1,
  attempts: 0,
  dueMs: 1_755_000_000_000.25,
  state: 'queued',
  error: null,
}

describe('rows', () => {
  test('a row comes back as it was, with parts of a millisecond', () => {
    expect(decodeRow('handler row', encodeRow(row))).toEqual(row)
  })

  test.each([
    ['of another version', { ...row, v: 2 }],
    ['without a field', { v: 1, kind: 'Set' }],
    ['with a field too many', { ...row, more: 1 }],
    ['with a field of another type', { ...row, attempts: '0' }],
    ['with a time before all time', { ...row, dueMs: -1.5 }],
    ['with a state that there is not', { ...row, state: 'lost' }],
    ['that is a list', [1]],
    ['that is nothing', null],
  ])('a row %s is damaged, and its kind is named', (_, value) => {
    const bytes = writeCbor(value)
    expect(() => decodeRow('handler row', bytes)).toThrow(RecordError)
    expect(() => decodeRow('handler row', bytes)).toThrow('the stored handler row does not decode')
  })
})
