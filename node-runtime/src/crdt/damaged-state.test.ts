// A state may have come from a member that keeps to no rule: whatever its records are, reading them ends, and says so.
import { describe, expect, it } from 'vitest'
import { type Bytes, concat, fromHex, u32be, u64be, utf8 } from '../base/bytes.ts'
import { mergeArtifact } from './artifact.ts'
import { SharedRecords } from './authority/shared-storage.ts'
import { nameOf, type WriterSet, writeSet } from './authority/writer-set.ts'
import { ByteWriter } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import { ElementIndex } from './element-index.ts'
import { CrdtError } from './errors.ts'
import { encodeNode } from './index-node.ts'
import { memoryState } from './memory-state.ts'
import { idOf, Replica } from './replica-fixture.ts'
import { START } from './sequence/sequence-id.ts'
import { SequenceIndex } from './sequence/sequence-index.ts'
import { SequenceNode } from './sequence/sequence-node.ts'
import { recordKey } from './state-keys.ts'

const id = idOf('damaged')
const READS_MAX = 2000

/** A walk that does not end fails instead of hanging. */
function bounded(state: CrdtState): CrdtState {
  let reads = 0
  return {
    get(key) {
      reads += 1
      if (reads > READS_MAX) throw new Error(`more than ${READS_MAX} reads`)
      return state.get(key)
    },
    set: state.set,
  }
}

function corrupt(work: () => unknown): void {
  let seen: unknown
  try {
    work()
  } catch (error) {
    seen = error
  }
  expect(seen).toBeInstanceOf(CrdtError)
  expect((seen as CrdtError).code).toBe('CRDT_STATE_CORRUPT')
}

describe('an index of elements', () => {
  const prefix = utf8('index')
  const slot = (odd: number, ...path: number[]) => concat([prefix, Uint8Array.of(odd, ...path)])

  it('that leads back up is corrupt for reads, writes and walks', () => {
    // At 'a1', an inner node that says it lies at 'a'.
    const state = memoryState()
    const lying = encodeNode({ kind: 'inner', path: Uint8Array.of(0xa0), length: 1, own: false, children: 0xffff })
    state.set(slot(0), encodeNode({ kind: 'inner', path: Uint8Array.of(0xa1), length: 1, own: false, children: 2 }))
    state.set(slot(0, 0xa1), lying)
    corrupt(() => new ElementIndex(bounded(state), prefix).has(Uint8Array.of(0xa1, 0x11)))
    corrupt(() => new ElementIndex(bounded(state), prefix).add(Uint8Array.of(0xa1, 0x11)))
    corrupt(() => new ElementIndex(bounded(state), prefix).delete(Uint8Array.of(0xa1, 0x11)))
    corrupt(() => [...new ElementIndex(bounded(state), prefix).keys()])
  })

  it('many of whose nodes lead to one place is corrupt', () => {
    const state = memoryState()
    for (let depth = 0; depth < 12; depth += 1) {
      const node = { kind: 'inner', path: new Uint8Array(8), length: depth, own: false, children: 0xffff } as const
      for (let nibble = 0; nibble < 16; nibble += 1) {
        const last = depth % 2 === 1 ? nibble << 4 : nibble
        const path = [...new Uint8Array(Math.max(0, Math.ceil(depth / 2) - 1)), last].slice(0, Math.ceil(depth / 2))
        state.set(slot(depth % 2, ...path), encodeNode(node))
      }
    }
    corrupt(() => [...new ElementIndex(bounded(state), prefix).keys()])
  })

  it('has one form of an inner node', () => {
    const state = memoryState([[Buffer.from(slot(0)).toString('latin1'), fromHex('010003011f')]])
    corrupt(() => new ElementIndex(state, prefix).has(Uint8Array.of(0x11)))
  })
})

describe('a sequence', () => {
  const TAG = 10
  const nodeKey = (level: number, head: Bytes) => recordKey(id, TAG, 'n', concat([Uint8Array.of(level), head]))
  const element = concat([u64be(5n), new Uint8Array(16).fill(9)])

  it('whose nodes name one below them twice is corrupt', () => {
    const state = memoryState()
    state.set(recordKey(id, TAG, 'h'), Uint8Array.of(1))
    const summary = { head: START, visible: 1, oldest: 5n }
    const inner = SequenceNode.inner(1, START, summary).withChildren(0, summary, summary)
    state.set(nodeKey(1, START), inner.encode())
    state.set(nodeKey(0, START), SequenceNode.leaf(START, element, 1).encode())
    corrupt(() => [...new SequenceIndex(bounded(state), TAG, id).visible()])
  })

  it('whose node belongs to another one, or that is too high, is corrupt', () => {
    const state = memoryState()
    state.set(recordKey(id, TAG, 'h'), Uint8Array.of(1))
    state.set(nodeKey(1, START), SequenceNode.inner(1, START, { head: START, visible: 1, oldest: 5n }).encode())
    state.set(nodeKey(0, START), SequenceNode.leaf(element, element, 1).encode())
    corrupt(() => [...new SequenceIndex(bounded(state), TAG, id).visible()])
    state.set(recordKey(id, TAG, 'h'), Uint8Array.of(200))
    corrupt(() => [...new SequenceIndex(bounded(state), TAG, id).visible()])
  })

  it('what waits for itself is not placed for ever', () => {
    const replica = new Replica('waits')
    replica.call((session) => session.vector.push(id, utf8('first')))
    const sent = replica.call((session) => session.vector.push(id, utf8('second')))
    const [second] = [...new SequenceIndex(replica.state, TAG, id).visible()].slice(-1)
    if (sent === undefined || second === undefined) throw new Error('nothing was written')
    const state = memoryState()
    // In a bucket where a removal does not look for it.
    const odd = recordKey(id, TAG, 'w', Uint8Array.of(0))
    const name = concat([second.id, second.id])
    const path = Uint8Array.of(0xf0)
    state.set(odd, encodeNode({ kind: 'inner', path, length: 0, own: false, children: 0xffff }))
    for (let nibble = 0; nibble < 16; nibble += 1) {
      const at = recordKey(id, TAG, 'w', Uint8Array.of(1, nibble << 4))
      state.set(at, encodeNode({ kind: 'bucket', keys: [name] }))
    }
    replica.state = state
    corrupt(() => {
      mergeArtifact(bounded(state), first(replica), { author: replica.publicKey, hlc: 1n << 60n })
      mergeArtifact(bounded(state), sent.artifact, sent)
    })
  })

  it('whose nodes count what they cannot hold is corrupt', () => {
    const full = SequenceNode.inner(1, START, { head: START, visible: 0xffff_ffff, oldest: 5n })
    corrupt(() => full.withCounted(0, 1, 9n))
    corrupt(() => SequenceNode.inner(1, START, { head: START, visible: 0, oldest: 5n }).withCounted(0, -1, 9n))
  })

  it('of a text with a mark that is no code point is corrupt', () => {
    const writer = new Replica('text')
    writer.call((session) => session.text.insert(id, 0n, utf8('a')))
    const [place] = [...new SequenceIndex(writer.state, 11, id).visible()]
    if (place === undefined) throw new Error('nothing was written')
    const key = recordKey(id, 11, 'n', concat([Uint8Array.of(0), START]))
    const leaf = writer.state.get(key)
    if (leaf === undefined) throw new Error('no leaf')
    const damaged = Buffer.from(leaf)
    damaged.writeUInt32BE(0x110001, damaged.byteLength - 4)
    writer.state.set(key, damaged)
    corrupt(() => writer.session().text.getText(id))
    writer.state.set(recordKey(id, 11, 'e', place.id), concat([Uint8Array.of(0), u32be(0xffff_ffff)]))
  })
})

it('a set that counts fewer elements than it has is corrupt', () => {
  const replica = new Replica('set')
  replica.call((session) => session.setInsert(id, utf8('element')))
  const size = recordKey(id, 3, 't')
  expect(replica.state.get(size)).toEqual(new Uint8Array(u64be(1n)))
  replica.state.set(size, null)
  corrupt(() => replica.session().setRemove(id, utf8('element')))
})

it('sets of writers that follow each other round and round are corrupt', () => {
  const replica = new Replica('writers')
  const set: WriterSet = {
    stamp: 5n,
    replica: replica.bytes,
    parent: idOf('no name'),
    frozen: false,
    writers: [replica.account],
  }
  const out = new ByteWriter()
  out.u64(5n)
  writeSet(out, set)
  const state = memoryState()
  state.set(recordKey(id, 14, 'g'), out.finish())
  state.set(recordKey(id, 14, 'c', nameOf(id, set)), out.finish())
  state.set(recordKey(id, 14, 'c', set.parent), out.finish())
  const other = { ...set, parent: idOf('another name') }
  corrupt(() => new SharedRecords(bounded(state), id).change(set, other, 6n))
})

/** The artifact that made the element before the last one. */
function first(replica: Replica): Bytes {
  const again = new Replica('waits')
  const made = again.call((session) => session.vector.push(id, utf8('first')))
  if (made === undefined || again.publicKey !== replica.publicKey) throw new Error('nothing was written')
  return made.artifact
}
