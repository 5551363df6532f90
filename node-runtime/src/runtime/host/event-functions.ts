// What a guest says and asks for beside its state: logs, events, calls to other contexts, migration witnesses. All of
// it is only recorded here, and dropped when the call fails.
import { checkLimit } from '../call/guest-fault.ts'
import { LIMITS } from '../limits.ts'
import { hostFunction } from './host-function.ts'

const lossy = new TextDecoder('utf-8')

export const eventFunctions = [
  hostFunction('log_utf8', ['text'], (call, text) => {
    call.log(text)
    return undefined
  }),
  // QuickJS prints with a raw pointer and length in either ABI; the first argument is its own context.
  hostFunction('js_std_d_print', ['u64', 'u64', 'u64'], (call, _, pointer, length) => {
    const slice = { pointer: Number(pointer), length: Number(length) }
    call.log(lossy.decode(call.memory.read(slice)))
    return 0
  }),
  hostFunction('emit', ['event'], (call, event) => {
    call.emit(event)
    return undefined
  }),
  hostFunction('emit_with_handler', ['event', 'optionalText'], (call, event, handler) => {
    call.emit(handler === undefined ? event : { ...event, handler })
    return undefined
  }),
  hostFunction('xcall', ['xcall'], (call, xcall) => {
    checkLimit('calls to other contexts', call.xcalls.length + 1, LIMITS.xcalls)
    checkLimit('bytes of the method name of an xcall', Buffer.byteLength(xcall.method), LIMITS.xcallMethodBytes)
    checkLimit('bytes of the parameters of an xcall', xcall.params.byteLength, LIMITS.xcallParamsBytes)
    call.xcalls.push(xcall)
    return undefined
  }),
  hostFunction('emit_migration_witness', ['bytes'], (call, witness) => {
    checkLimit('bytes of a migration witness', witness.byteLength, LIMITS.storageValueBytes)
    call.migrationWitness = witness
    return undefined
  }),
]
