import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { KEY_PREFIXES } from '../../src/store/keys.ts'
import type { StoreOp } from '../../src/store/store.ts'
import { Undoing } from './undoing.ts'

function rows(kind: keyof typeof KEY_PREFIXES, type: StoreOp['type'], count: number): StoreOp[] {
  const key = utf8(KEY_PREFIXES[kind])
  return Array.from({ length: count }, () => (type === 'put' ? { type, key, value: key } : { type, key }))
}

const late = (deep: number) => [...rows('undo', 'del', deep), ...rows('undo', 'put', deep + 1)]
const down = (deep: number) => [...rows('undo', 'del', deep), ...rows('judgement', 'put', 1)]

describe('what a node takes back', () => {
  it('is what a late arrival came beneath, and not what is put in order while nothing arrives', () => {
    const undoing = new Undoing()
    undoing.wrote('n1', late(9), { arrived: 0, hasAdopted: true })
    undoing.wrote('n1', rows('undo', 'del', 30), { arrived: 0, hasAdopted: true })
    expect([undoing.deepest, undoing.redoneAfterAdoption]).toEqual([0, false])
    undoing.wrote('n1', late(9), { arrived: 1, hasAdopted: false })
    expect([undoing.deepest, undoing.redoneAfterAdoption]).toEqual([9, false])
    undoing.wrote('n1', late(3), { arrived: 1, hasAdopted: true })
    expect([undoing.deepest, undoing.redoneAfterAdoption]).toEqual([9, true])
  })

  it('is what a removal takes down, slice by slice, until it is built up', () => {
    const undoing = new Undoing()
    for (let slice = 0; slice < 3; slice += 1) undoing.wrote('n1', down(5), { arrived: 0, hasAdopted: true })
    expect([undoing.deepest, undoing.redoneAfterAdoption]).toEqual([15, true])
    undoing.wrote('n1', rows('undo', 'put', 5), { arrived: 0, hasAdopted: true })
    undoing.wrote('n1', down(5), { arrived: 0, hasAdopted: true })
    undoing.wrote('n2', down(5), { arrived: 0, hasAdopted: true })
    expect(undoing.deepest).toBe(15)
  })

  it('is done again only where something else comes back with what arrived', () => {
    const undoing = new Undoing()
    const alone = [...rows('undo', 'del', 1), ...rows('undo', 'put', 1)]
    undoing.wrote('n1', alone, { arrived: 1, hasAdopted: true })
    expect([undoing.deepest, undoing.redoneAfterAdoption]).toEqual([1, false])
  })
})
