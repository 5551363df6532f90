// A set of writers of a shared storage, at one point of its history. Its hash names it, and a write carries it whole:
// whether its author may write is then a matter of the write alone, whatever has arrived.
import { type Bytes, compareBytes, equalBytes } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import { type ByteReader, ByteWriter } from '../codec.ts'
import { SHARED_WRITERS_MAX } from '../limits.ts'
import { INSTANCE_ID_LENGTH } from '../state-keys.ts'
import { accountOfReplica } from '../user-storage.ts'

export const NO_PARENT: Bytes = new Uint8Array(INSTANCE_ID_LENGTH)

export interface WriterSet {
  readonly stamp: bigint
  /** Who made it. */
  readonly replica: Bytes
  /** The name of the set that it replaces, NO_PARENT for the first. */
  readonly parent: Bytes
  /** It can never be replaced. */
  readonly frozen: boolean
  /** Accounts or public keys, ascending, at least one. */
  readonly writers: readonly Bytes[]
}

export function nameOf(storage: Bytes, set: WriterSet): Bytes {
  const out = new ByteWriter()
  writeSet(out, set)
  return taggedHash('calbox/shared/1', storage, out.finish())
}

/** Older guests know members by their public keys, newer ones by their accounts. */
export function mayWrite(set: WriterSet, replica: Bytes): boolean {
  const account = accountOfReplica(replica)
  return set.writers.some((writer) => equalBytes(writer, account) || equalBytes(writer, replica))
}

export function writeSet(out: ByteWriter, set: WriterSet): void {
  out.u64(set.stamp)
  out.fixed(set.replica)
  out.fixed(set.parent)
  writeRights(out, set)
}

export function readSet(input: ByteReader): WriterSet {
  const stamp = input.u64()
  const replica = input.fixed(INSTANCE_ID_LENGTH)
  const parent = input.fixed(INSTANCE_ID_LENGTH)
  return { stamp, replica, parent, ...readRights(input) }
}

export function writeRights(out: ByteWriter, { frozen, writers }: Pick<WriterSet, 'frozen' | 'writers'>): void {
  out.byte(Number(frozen))
  out.varint(writers.length)
  for (const writer of writers) out.fixed(writer)
}

export function readRights(input: ByteReader): Pick<WriterSet, 'frozen' | 'writers'> {
  const frozen = input.byte()
  if (frozen > 1) throw input.fail('a set of writers is neither frozen nor not')
  const count = input.varint(SHARED_WRITERS_MAX)
  if (count === 0) throw input.fail('a set of writers is empty')
  const writers: Bytes[] = []
  for (let left = count; left > 0; left -= 1) {
    const writer = input.fixed(INSTANCE_ID_LENGTH)
    const last = writers.at(-1)
    if (last !== undefined && compareBytes(last, writer) >= 0) throw input.fail('writers out of order')
    writers.push(writer)
  }
  return { frozen: frozen === 1, writers }
}
