import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bytes, fromUtf8, toHex, utf8 } from '../../base/bytes.ts'
import { mergeArtifact } from '../artifact.ts'
import { memoryState } from '../memory-state.ts'
import { idOf, items, Replica } from '../replica-fixture.ts'
import { START } from './sequence-id.ts'
import { SequenceIndex } from './sequence-index.ts'
import { text } from './sequence-types.ts'

const id = idOf('sequence')
const forbidden = expect.objectContaining({ code: 'CRDT_FORBIDDEN' })

describe('a vector', () => {
  it('does to a list what its methods say, at every index, over several calls', () => {
    const step = fc.tuple(fc.constantFrom('push', 'insert', 'update', 'remove', 'pop'), fc.nat(10_000), fc.nat(99))
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 60 }), { maxLength: 8 }), (calls) => {
        const replica = new Replica('one')
        const model: string[] = []
        for (const todo of calls) {
          replica.call(({ vector }) => {
            for (const [what, where, n] of todo) {
              const value = `${n}`
              const at = model.length === 0 ? 0 : where % model.length
              if (what === 'push') expect(vector.push(id, utf8(value))).toBe(BigInt(model.push(value) - 1))
              else if (what === 'insert') {
                const before = where % (model.length + 1)
                vector.insert(id, BigInt(before), utf8(value))
                model.splice(before, 0, value)
              } else if (what === 'pop') expect(textOf(vector.pop(id))).toBe(model.pop())
              else if (model.length === 0) expect(vector.remove(id, 0n)).toBeUndefined()
              else if (what === 'remove') expect(textOf(vector.remove(id, BigInt(at)))).toBe(model.splice(at, 1)[0])
              else {
                expect(textOf(vector.update(id, BigInt(at), utf8(value)))).toBe(model[at])
                model[at] = value
              }
            }
          })
          const { vector } = replica.session()
          expect(items(vector.iter(id))).toEqual(model)
          expect(vector.len(id)).toBe(BigInt(model.length))
          for (const [at, value] of model.entries()) expect(textOf(vector.get(id, BigInt(at)))).toBe(value)
          expect(vector.get(id, BigInt(model.length))).toBeUndefined()
        }
      }),
      { numRuns: 25 },
    )
  })

  it('refuses an index beyond its end', () => {
    const { vector } = new Replica('one').session()
    for (const wrong of [() => vector.insert(id, 1n, utf8('x')), () => vector.update(id, 0n, utf8('x'))]) {
      expect(wrong).toThrow(expect.objectContaining({ code: 'CRDT_ARGUMENT' }))
    }
    expect(vector.get(id, 2n ** 64n - 1n)).toBeUndefined()
  })

  it('never brings a removed element back, whatever is written to it at once and however late that arrives', () => {
    const [one, two, late] = [new Replica('one', 5n), new Replica('two', 1_000_000n), new Replica('late')]
    const base = sent(one.call(({ vector }) => void vector.push(id, utf8('x'))))
    two.receive(base)
    const removed = sent(one.call(({ vector }) => void vector.pop(id)))
    const updated = sent(two.call(({ vector }) => void vector.update(id, 0n, utf8('newer'))))
    for (const artifact of [updated, removed, updated, base]) late.receive(artifact)
    expect(late.session().vector.len(id)).toBe(0n)
    two.receive(removed)
    expect(two.state.dump()).toEqual(late.state.dump())
  })
})

describe('text', () => {
  it('does to a string what its methods say, counting Unicode scalar values', () => {
    const piece = fc.string({ unit: 'grapheme', maxLength: 5 })
    const step = fc.tuple(fc.boolean(), fc.nat(10_000), piece)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (todo) => {
        const replica = new Replica('one')
        let model: string[] = []
        replica.call((session) => {
          for (const [insert, where, inserted] of todo) {
            if (insert || model.length === 0) {
              const at = where % (model.length + 1)
              session.text.insert(id, BigInt(at), utf8(inserted))
              model = [...model.slice(0, at), ...inserted, ...model.slice(at)]
            } else {
              session.text.delete(id, BigInt(where % model.length))
              model.splice(where % model.length, 1)
            }
          }
        })
        const session = replica.session()
        expect(Buffer.from(session.text.getText(id)).toString()).toBe(model.join(''))
        expect(session.text.len(id)).toBe(BigInt(model.length))
      }),
      { numRuns: 60 },
    )
  })

  it('keeps what two authors type at one place apart', () => {
    const [one, two] = [new Replica('one', 1000n), new Replica('two', 1001n)]
    const base = sent(one.call((s) => s.text.insert(id, 0n, utf8('<>'))))
    two.receive(base)
    const typed = (replica: Replica, word: string) =>
      [...word].map((letter, n) => sent(replica.call((s) => s.text.insert(id, BigInt(1 + n), utf8(letter)))))
    const [first, second] = [typed(one, 'hello'), typed(two, 'world')]
    for (const artifact of second) one.receive(artifact)
    for (const artifact of first.toReversed()) two.receive(artifact)
    expect(['<helloworld>', '<worldhello>']).toContain(read(one))
    expect(read(two)).toBe(read(one))
    expect(two.state.dump()).toEqual(one.state.dump())
  })

  it('shows nothing of what stands after something that has not arrived, and all of it once it has', () => {
    const one = new Replica('one')
    const letters = [...'abcdef'].map((letter, n) => sent(one.call((s) => s.text.insert(id, BigInt(n), utf8(letter)))))
    const two = new Replica('two')
    for (const artifact of letters.slice(1).toReversed()) two.receive(artifact)
    expect(read(two)).toBe('')
    for (const artifact of letters.slice(0, 1)) two.receive(artifact)
    expect(read(two)).toBe('abcdef')
    expect(two.state.dump()).toEqual(one.state.dump())
  })

  it('refuses what is not UTF-8 and keeps a byte order mark', () => {
    const s = new Replica('one').session()
    expect(() => s.text.insert(id, 0n, Uint8Array.of(0xff))).toThrow(expect.objectContaining({ code: 'CRDT_ARGUMENT' }))
    s.text.insert(id, 0n, utf8('\ufeffx'))
    expect(toHex(s.text.getText(id))).toBe('efbbbf78')
    expect(s.text.len(id)).toBe(2n)
  })
})

describe('an authored vector', () => {
  it('lets only who inserted an element change it, and keeps the slot of a removed one', () => {
    const [one, two] = [new Replica('one'), new Replica('two')]
    const base = sent(
      one.call(({ authoredVector }) => {
        authoredVector.push(id, utf8('a'))
        authoredVector.push(id, utf8('b'))
      }),
    )
    two.receive(base)
    const theirs = two.session().authoredVector
    expect(() => theirs.update(id, 0n, utf8('mine'))).toThrow(expect.objectContaining({ code: 'CRDT_FORBIDDEN' }))
    expect(() => theirs.tombstone(id, 0n)).toThrow(expect.objectContaining({ code: 'CRDT_FORBIDDEN' }))
    expect([theirs.ownedByMe(id, 0n), toHex(theirs.ownerOf(id, 0n) ?? id)]).toEqual([false, toHex(one.account)])
    one.call(({ authoredVector }) => {
      expect(textOf(authoredVector.update(id, 0n, utf8('c')))).toBe('a')
      expect(textOf(authoredVector.tombstone(id, 0n))).toBe('c')
    })
    const after = one.session().authoredVector
    expect([after.len(id), textOf(after.get(id, 0n)), textOf(after.get(id, 1n))]).toEqual([2n, '', 'b'])
    expect(after.ownedByMe(id, 0n)).toBe(true)
    expect(items(after.iter(id))).toEqual(['', 'b'])
    one.call((s) => expect([s.deleteCollection(id), s.deleteCollection(id)]).toEqual([true, false]))
    expect(items(one.session().authoredVector.iter(id))).toEqual(['', ''])
    expect(() => one.session().authoredVector.update(id, 0n, utf8('again'))).toThrow(forbidden)
  })

  it('does not move for a change by anyone else, and says so', () => {
    const [one, two] = [new Replica('one'), new Replica('two')]
    const base = sent(one.call(({ authoredVector }) => void authoredVector.push(id, utf8('a'))))
    const changes = [
      sent(one.call(({ authoredVector }) => void authoredVector.update(id, 0n, utf8('b')))),
      sent(one.call((s) => void s.deleteCollection(id))),
    ]
    const state = memoryState()
    mergeArtifact(state, base.artifact, base)
    const before = state.dump()
    for (const { artifact, hlc } of changes) {
      expect(mergeArtifact(state, artifact, { author: two.publicKey, hlc })).toMatchObject({ unauthorised: 1 })
    }
    expect(state.dump()).toEqual(before)
  })
})

describe('the sequence index', () => {
  it('has no node that grows with the sequence, and as many levels as its elements say', () => {
    const replica = new Replica('one')
    replica.call((s) => s.text.insert(id, 0n, utf8('x'.repeat(6_000))))
    const longest = Math.max(...replica.state.dump().map((line) => line.length))
    expect(longest).toBeLessThan(2 * 400 * 36)
    const index = new SequenceIndex(replica.state, text.tag, id)
    expect([index.size, index.has(START)]).toEqual([6_000, true])
  })

  it('inserts in the middle at the cost of a few records, however much is there', () => {
    const replica = new Replica('one')
    replica.call((s) => s.text.insert(id, 0n, utf8('x'.repeat(6_000))))
    const overlay = replica.state.copy()
    const before = overlay.writes
    replica.state = overlay
    replica.call((s) => {
      for (let n = 0; n < 100; n += 1) s.text.insert(id, BigInt(n * 59), utf8('y'))
    })
    expect(replica.state.writes - before).toBeLessThan(100 * 12)
  })

  it('reports a damaged node as corrupt', () => {
    const replica = new Replica('one')
    replica.call((s) => s.text.insert(id, 0n, utf8('abc')))
    for (const line of replica.state.dump()) {
      const [key = '', value = ''] = line.split('=')
      if (value.length < 100) continue
      const damaged = replica.state.copy()
      damaged.set(Buffer.from(key, 'hex'), Buffer.from(value.slice(2), 'hex'))
      expect(() => new SequenceIndex(damaged, text.tag, id).size).toThrow(
        expect.objectContaining({ code: 'CRDT_STATE_CORRUPT' }),
      )
    }
  })
})

function textOf(bytes: Bytes | undefined): string | undefined {
  return bytes === undefined ? undefined : fromUtf8(bytes)
}

function read(replica: Replica): string {
  return fromUtf8(replica.session().text.getText(id))
}

function sent<T>(made: T | undefined): T {
  if (made === undefined) throw new Error('a call that was to change something changed nothing')
  return made
}
