// One method call: arguments in, result out, and the root document around it. Used by the code the transform
// generates; an application that stores its state itself (see `host`) calls it directly.

import {
  apply_storage_delta,
  flush_delta,
  input,
  js_crdt_lww_set,
  persist_root_state,
  read_root_state,
  value_return,
} from './host'
import { timeNow } from './environment'
import { jsonBytes, readJson } from './json'
import { Json, NULL, OBJECT } from './json-value'
import { JsonWriter } from './json-writer'
import { buffer1, buffer2, bytesOf, checked, panic, register, REGISTER, resultOf } from './memory'
import { Result } from './result'

/** The arguments of a call: a JSON object keyed by parameter name. No payload counts as an empty object. */
export class Args {
  private used: i32 = 0
  private constructor(private json: Json) {}

  static read(): Args {
    const bytes = inputBytes()
    const json = bytes.byteLength == 0 ? new Json(OBJECT) : Json.parse(bytes)
    if (json.kind != OBJECT && json.kind != NULL) panic('the arguments must be a JSON object, not ' + json.kindName())
    return new Args(json)
  }

  get<T>(name: string): T {
    const json = this.json.at(name)
    if (json === null) {
      if (isNullable<T>()) return changetype<T>(0)
      panic("argument '" + name + "' is missing")
      return unreachable()
    }
    this.used++
    return readJson<T>(json, "argument '" + name + "'")
  }

  /** Refuses what no parameter took, so that a misspelt name is not lost in silence. */
  end(names: string[]): void {
    if (this.used == this.json.names.length) return
    for (let i = 0; i < this.json.names.length; i++) {
      if (!names.includes(this.json.names[i])) panic("the method has no argument '" + this.json.names[i] + "'")
    }
    panic('an argument is given twice')
  }
}

/** The payload of the call as it came. */
export function inputBytes(): Uint8Array {
  input(REGISTER)
  return register()
}

/** Merges what another node changed. For hosts that have the guest pass it on; the merge itself is the host's. */
export function applyDelta(): void {
  const delta = inputBytes()
  apply_storage_delta(buffer1(delta))
}

export function answer<T>(value: T): void {
  const bytes = jsonBytes<T>(value)
  value_return(resultOf(0, bytes.dataStart, bytes.byteLength))
}

/** Bytes as they are, for what the host asks: the new root of a migration, and whether it holds. */
export function answerBytes(bytes: Uint8Array): void {
  value_return(resultOf(0, bytes.dataStart, bytes.byteLength))
}

export function answerNull(): void {
  answer<string | null>(null)
}

/** Answers Ok or Err. On Err the host drops all that the call changed. */
export function answerResult<T>(result: Result<T>): bool {
  const failure = result.failure
  if (failure === null) {
    answer<T>(result.value)
    return true
  }
  value_return(resultOf(1, failure.dataStart, failure.byteLength))
  return false
}

/** Whether the running call changed the state or told an event: only then it produces a delta. */
let changed: bool = false
let told: bool = false
let viewing: bool = false

/** A collection was changed. */
export function noteChange(): void {
  changed = true
}

/** Called before anything that a view may not do. */
export function refuseInView(what: string): void {
  if (viewing) panic('a method marked @view cannot ' + what)
}

export function noteEvent(): void {
  refuseInView('emit an event')
  told = true
}

/** Starts a method; returns the root document. */
export function begin(view: bool): Uint8Array {
  if (read_root_state(REGISTER) != 1) panic('the application has no state yet: init has not run')
  start(view)
  return register()
}

/** Starts `init`. */
export function beginInit(): void {
  if (read_root_state(REGISTER) == 1) panic('the application has its state already: init runs once')
  start(false)
}

function start(view: bool): void {
  viewing = view
  changed = false
  told = false
}

/** Ends a method that succeeded. `document` is the root document now, `before` as it was. */
export function finish(document: Uint8Array, before: Uint8Array): void {
  if (viewing) return
  if (!equal(document, before)) persist(document)
  else if (!changed && !told) return
  else if (!changed) touch()
  flush_delta()
}

/**
 * Events travel with a delta, and a delta needs a change. A call that only tells events sets a register of the SDK's
 * own: the root document would do as well, but two replicas that write it at once lose one of the writes.
 */
function touch(): void {
  const id = bytesOf('calbox/sdk/events-without-change')
  const now = new Uint8Array(8)
  store<u64>(now.dataStart, timeNow())
  checked(js_crdt_lww_set(buffer1(id), buffer2(now), 1))
}

function persist(document: Uint8Array): void {
  const createdAt = Document.parse(document).createdAt
  const updatedAt = timeNow()
  persist_root_state(buffer1(document), createdAt, updatedAt)
}

export function finishInit(document: Uint8Array, createdAt: u64): void {
  persist_root_state(buffer1(document), createdAt, createdAt)
  flush_delta()
}

/** The state document: ids of the collections for tools that look at it, and the plain fields. */
export class Document {
  createdAt: u64 = 0
  private fields: Json | null = null

  static parse(bytes: Uint8Array): Document {
    const json = Json.parse(bytes)
    const document = new Document()
    const created = json.at('createdAt')
    if (created !== null) document.createdAt = readJson<u64>(created, 'createdAt')
    document.fields = json.at('fields')
    return document
  }

  /** The stored field; `initial` when the document is older than the field. */
  field<T>(name: string, initial: T): T {
    const fields = this.fields
    if (fields === null) return initial
    const json = fields.at(name)
    if (json === null) return initial
    return readJson<T>(json, "field '" + name + "'")
  }
}

/** Starts the document up to its plain fields; `collections` is a JSON object made by the transform. */
export function openDocument(createdAt: u64, collections: string): JsonWriter {
  const writer = new JsonWriter()
  writer.open(123)
  writer.key('version')
  writer.raw('1')
  writer.key('createdAt')
  writer.raw(createdAt.toString())
  writer.key('collections')
  writer.raw(collections)
  writer.key('fields')
  writer.open(123)
  return writer
}

export function closeDocument(writer: JsonWriter): Uint8Array {
  writer.close(125)
  writer.close(125)
  return writer.finish()
}

function equal(a: Uint8Array, b: Uint8Array): bool {
  return a.byteLength == b.byteLength && memory.compare(a.dataStart, b.dataStart, a.byteLength) == 0
}
