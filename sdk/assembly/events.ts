// Events: what a call tells the other nodes and the clients that listen. They travel with the delta of the call.

import { noteEvent } from './call'
import { emit as emit_host, emit_with_handler } from './host'
import { jsonBytes } from './json'
import { buffer1, bytesOf, eventOf } from './memory'

/** Tells an event: the name of its class (marked @event) is the kind, its fields are the data, as JSON. */
export function emit<T>(event: T): void {
  emitRaw(nameof<T>(), dataOf<T>(event))
}

/** The same, and every other node runs `handler` with the fields as arguments, once, after it applied the change. */
export function emitWithHandler<T>(event: T, handler: string): void {
  noteEvent()
  const name = bytesOf(handler)
  emit_with_handler(eventOf(bytesOf(nameof<T>()), dataOf<T>(event)), buffer1(name))
}

/** An event of any kind and content. */
export function emitRaw(kind: string, data: Uint8Array): void {
  noteEvent()
  emit_host(eventOf(bytesOf(kind), data))
}

/** An event without fields carries no data at all. */
function dataOf<T>(event: T): Uint8Array {
  const data = jsonBytes<T>(event)
  return data.byteLength == 2 ? new Uint8Array(0) : data
}
