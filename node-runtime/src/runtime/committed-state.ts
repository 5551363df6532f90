// A context's committed values in the node's store, under the keys a guest knows them by.
import { type Bytes, concat } from '../base/bytes.ts'
import { privatePrefix, statePrefix } from '../store/keys.ts'
import type { StoreReader } from '../store/store.ts'
import type { StateSource } from './guest-executor.ts'
import type { CommittedState } from './run-state.ts'

export function committedState(reader: StoreReader, source: StateSource): CommittedState {
  const under = (prefix: Bytes) => ({ get: (key: Bytes) => reader.get(concat([prefix, key])) })
  return {
    shared: under(statePrefix(source.contextId, source.generation)),
    private: under(privatePrefix(source.contextId)),
  }
}
