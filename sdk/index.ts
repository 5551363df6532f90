// The public surface of the SDK, for AssemblyScript applications. Read by the compiler as it is.
// biome-ignore-all lint/performance/noBarrelFile: the root of a package

import './assembly/abort'

export { Args, answer, answerBytes, answerNull, answerResult, inputBytes } from './assembly/call'
export { Counter } from './assembly/collections/counter'
export { LwwRegister } from './assembly/collections/lww-register'
export { PnCounter } from './assembly/collections/pn-counter'
export { ReplicatedGrowableArray } from './assembly/collections/replicated-growable-array'
export { UnorderedMap } from './assembly/collections/unordered-map'
export { UnorderedSet } from './assembly/collections/unordered-set'
export { Vector } from './assembly/collections/vector'
export {
  accountId,
  callerContext,
  contextId,
  deviceId,
  ed25519Verify,
  executorId,
  log,
  randomBytes,
  timeNow,
  xcall,
} from './assembly/environment'
export { emit, emitRaw, emitWithHandler } from './assembly/events'
export { commit, readStorage, removeStorage, writeStorage } from './assembly/guest-storage'
export { fromJson, toJson } from './assembly/json'
export { Json } from './assembly/json-value'
export { bytesOf, panic, textOf } from './assembly/memory'
export { PrivateStore } from './assembly/private-store'
export { err, errTagged, errWith, ok, Result } from './assembly/result'
export { sha256, toHex } from './assembly/sha256'
