// The bytes of every kind of fragment and record as they were first written. They decide merges and roots: what changes
// here can no longer be merged with what is out there. `CALBOX_GOLDEN=write` writes a file that is missing a kind.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, utf8 } from '../../base/bytes.ts'
import { decodeArtifact, encodeArtifact, mergeArtifact } from '../artifact.ts'
import { memoryState } from '../memory-state.ts'
import { CRDT_TYPES } from '../registry.ts'
import { idOf, Replica, type Sent } from '../replica-fixture.ts'
import type { CrdtSession } from '../session.ts'

interface Golden {
  /** In the order in which they are merged. */
  readonly artifacts: readonly string[]
  /** key=value, of all that the artifacts make. */
  readonly records: readonly string[]
  /** Of larger collections: the kinds of nodes that small ones do not have. */
  readonly nodes: readonly string[]
}

const FILE = path.join(import.meta.dirname, 'version-1.json')
const [a, b] = [idOf('a'), idOf('b')]
const long = utf8('k'.repeat(70))
const first = new Replica('golden', 1_700_000_000_000_000_000n)
const second = new Replica('golden too', 1_700_000_000_000_500_000n)

function everyKind(s: CrdtSession): void {
  s.persistRoot(utf8('document'), 1n, 2n)
  for (const name of ['map', 'sortedMap'] as const) {
    s[`${name}Insert`](a, utf8('key'), utf8('value'))
    s[`${name}Insert`](a, long, utf8('value'))
    s[`${name}Insert`](a, utf8('gone'), utf8('value'))
    s[`${name}Remove`](a, utf8('gone'))
  }
  for (const name of ['set', 'sortedSet'] as const) s[`${name}Insert`](a, utf8('element'))
  s.lwwSet(a, utf8('register'))
  s.lwwSet(b, utf8('register'))
  s.lwwSet(b, undefined)
  s.counterIncrement(a)
  s.pnCounterIncrement(a)
  s.pnCounterDecrement(a)
  s.userStorageInsert(a, utf8('mine'))
  s.frozenStorageAdd(a, utf8('frozen'))
  for (const value of ['x', 'y', 'z']) s.vector.push(a, utf8(value))
  s.vector.update(a, 1n, utf8('new'))
  s.vector.remove(a, 0n)
  s.text.insert(a, 0n, utf8('aé😀'))
  s.text.delete(a, 0n)
  s.authoredMap.insert(a, utf8('key'), utf8('value'))
  s.authoredMap.insert(a, long, utf8('value'))
  s.authoredMap.remove(a, long)
  s.authoredVector.push(a, utf8('x'))
  s.authoredVector.push(a, utf8('y'))
  s.authoredVector.tombstone(a, 0n)
  s.shared.newWithId(a, concat([first.account, second.account]), false)
  s.shared.set(a, utf8('shared'))
}

function written(): Golden {
  const sent: (Sent | undefined)[] = [first.call(everyKind)]
  if (sent[0]) second.receive(sent[0])
  sent.push(
    second.call((s) => {
      s.counterIncrement(a)
      s.shared.rotateWriters(a, second.account)
      // Resets, emptied registers and removals of every kind.
      s.deleteCollection(a)
    }),
  )
  // Stands after something that the others never got.
  second.call((s) => s.vector.push(b, utf8('missing')))
  sent.push(second.call((s) => void s.vector.push(b, utf8('waits'))))
  const all = sent.filter((one) => one !== undefined)
  const state = memoryState()
  for (const one of all) mergeArtifact(state, one.artifact, one)
  return {
    artifacts: all.map(({ artifact }) => Buffer.from(artifact).toString('hex')),
    records: state.dump(),
    nodes: nodes(),
  }
}

function nodes(): string[] {
  const large = new Replica('golden', 1000n)
  large.call((s) => {
    for (let n = 0; n < 40; n += 1) s.mapInsert(a, utf8(`key ${n}`), utf8(''))
    s.text.insert(a, 0n, utf8('x'.repeat(100)))
  })
  const part = (line: string) => String.fromCharCode(Number.parseInt(line.slice(2 * 34, 2 * 35), 16))
  return large.state.dump().filter((line) => 'ihn'.includes(part(line)))
}

describe('the bytes of host CRDTs', () => {
  const made = written()
  if (process.env.CALBOX_GOLDEN === 'write') writeFileSync(FILE, `${JSON.stringify(made, null, 2)}\n`)
  const golden: Golden = JSON.parse(readFileSync(FILE, 'utf8'))

  it('are written as they were first', () => {
    expect(made).toEqual(golden)
  })

  it('are still read, and written again as they were', () => {
    const tags = new Set<number>()
    for (const artifact of golden.artifacts) {
      const fragments = decodeArtifact(fromHex(artifact))
      for (const { tag } of fragments) tags.add(tag)
      expect(Buffer.from(encodeArtifact(fragments)).toString('hex')).toBe(artifact)
    }
    expect([...tags].toSorted((x, y) => x - y)).toEqual(CRDT_TYPES.map((type) => type.tag))
  })

  it('are refused cut short and with bytes after their end', () => {
    for (const artifact of golden.artifacts.map(fromHex)) {
      for (let length = 0; length < artifact.length; length += 1) {
        expect(() => decodeArtifact(artifact.subarray(0, length))).toThrow(
          expect.objectContaining({ code: 'CRDT_ARTIFACT_INVALID' }),
        )
      }
      expect(() => decodeArtifact(concat([artifact, Uint8Array.of(0)]))).toThrow(/bytes too many/)
    }
  })
})
