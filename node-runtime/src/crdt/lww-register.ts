// Registers of one value: LwwRegister, and the document of the guest's root object under a fixed id.
// The document is opaque bytes; the collections it names are records of their own and merge on their own.
import type { Bytes } from '../base/bytes.ts'
import type { ByteReader, ByteWriter } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import type { CrdtType, Fragment, NextStamp, Origin } from './fragment.ts'
import { VALUE_BYTES_MAX } from './limits.ts'
import { type LwwRecord, mergeRecord, readRecord } from './lww-record.ts'
import { INSTANCE_ID_LENGTH, recordKey } from './state-keys.ts'

const UNSET = 0
const SET = 1
const NO_PART = new Uint8Array(0)

export const ROOT_DOCUMENT_ID: Bytes = new Uint8Array(INSTANCE_ID_LENGTH)

/** Sets or empties (null) one register. */
export class RegisterFragment implements Fragment {
  readonly tag: number
  readonly id: Bytes
  readonly part = NO_PART
  readonly stamp: bigint
  readonly #value: Bytes | null

  constructor(register: { tag: number; id: Bytes; value: Bytes | null; stamp: bigint }) {
    this.tag = register.tag
    this.id = register.id
    this.stamp = register.stamp
    this.#value = register.value
  }

  write(out: ByteWriter): void {
    out.u64(this.stamp)
    out.byte(this.#value === null ? UNSET : SET)
    if (this.#value !== null) out.bytes(this.#value)
  }

  mergeInto(state: CrdtState, { replica }: Origin): boolean {
    mergeRecord(state, recordKey(this.id, this.tag, 'r'), { stamp: this.stamp, replica, body: this.#value })
    return true
  }
}

export function readRegister(state: CrdtState, type: CrdtType, id: Bytes): LwwRecord | undefined {
  return readRecord(state, recordKey(id, type.tag, 'r'))
}

function registerType(tag: number, name: string): CrdtType {
  return {
    tag,
    name,
    // Guests read when it was emptied, and by whom.
    swept: undefined,
    readFragment(id: Bytes, input: ByteReader): Fragment {
      const stamp = input.u64()
      const kind = input.byte()
      if (kind !== SET && kind !== UNSET) throw input.fail('a register is neither set nor emptied')
      return new RegisterFragment({ tag, id, value: kind === SET ? input.bytes(VALUE_BYTES_MAX) : null, stamp })
    },
    clear(state: CrdtState, id: Bytes, next: NextStamp): Fragment[] {
      const record = readRecord(state, recordKey(id, tag, 'r'))
      if (record === undefined || record.body === null) return []
      return [new RegisterFragment({ tag, id, value: null, stamp: next(record.stamp) })]
    },
  }
}

export const lwwRegister = registerType(5, 'LwwRegister')
/** Under ROOT_DOCUMENT_ID. */
export const rootDocument = registerType(0, 'RootDocument')
