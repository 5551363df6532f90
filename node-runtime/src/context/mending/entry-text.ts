// What an entry of a state is, in words, by its key.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import { keyText } from '../../crdt/key-text.ts'
import { STATE_VERSION_KEY } from '../../runtime/module/state-schema.ts'
import { ROOT_ENTRY_KEY } from '../migration/root-entry.ts'
import { ROOT_RECORD_KEY } from '../migration/storage-layout.ts'

export function entryText(key: Bytes): string {
  if (equalBytes(key, STATE_VERSION_KEY)) return 'version of the state'
  if (equalBytes(key, ROOT_ENTRY_KEY)) return "root object of the guest's storage"
  if (equalBytes(key, ROOT_RECORD_KEY)) return "record of the root object of the guest's storage"
  return keyText(key) ?? "entry of the guest's storage"
}
