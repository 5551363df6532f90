// The types that are sequences.
import type { Bytes } from '../../base/bytes.ts'
import type { ByteReader } from '../codec.ts'
import type { CrdtState } from '../crdt-state.ts'
import type { CrdtType, Fragment, NextStamp } from '../fragment.ts'
import { Sequence, type SequenceKind } from './sequence.ts'
import { RemoveFragment, readSequenceFragment } from './sequence-fragments.ts'

export interface SequenceType extends CrdtType, SequenceKind {}

function sequenceType(name: string, kind: SequenceKind): SequenceType {
  return {
    ...kind,
    name,
    // An element may still come behind one that was removed: without its place it would wait unseen.
    swept: undefined,
    readFragment: (id: Bytes, input: ByteReader): Fragment => readSequenceFragment(kind, id, input),
    clear(state: CrdtState, id: Bytes, _next: NextStamp, replica: Bytes): Fragment[] {
      const sequence = new Sequence(state, kind, id)
      const fragments: Fragment[] = []
      for (const { id: element } of sequence.index.visible()) {
        const origin = kind.authored ? sequence.originOf(element) : undefined
        const mine = origin === undefined || Buffer.compare(origin.replica, replica) === 0
        if (!mine || sequence.value(element) === null) continue
        fragments.push(new RemoveFragment(kind, { id, element, parent: origin?.parent }))
      }
      return fragments
    },
  }
}

export const vector = sequenceType('Vector', { tag: 10, holds: 'value', authored: false })
export const text = sequenceType('ReplicatedGrowableArray', { tag: 11, holds: 'codePoint', authored: false })
export const authoredVector = sequenceType('AuthoredVector', { tag: 13, holds: 'value', authored: true })
