// Any value of a type the SDK knows to and from JSON: strings, booleans, numbers, arrays, maps with string keys,
// bytes (an array of numbers), `Json`, classes marked @json or @event, and each of these or null.

import { ARRAY, BOOLEAN, Json, NULL, NUMBER, OBJECT, STRING } from './json-value'
import { JsonWriter } from './json-writer'
import { panic, textOf } from './memory'

/** The value as JSON text. */
export function toJson<T>(value: T): string {
  return textOf(jsonBytes<T>(value))
}

export function jsonBytes<T>(value: T): Uint8Array {
  const writer = new JsonWriter()
  writeJson<T>(writer, value)
  return writer.finish()
}

/** The value in JSON text; ends the call when the text is malformed or of another type. */
export function fromJson<T>(bytes: Uint8Array): T {
  return readJson<T>(Json.parse(bytes), 'the value')
}

export function writeJson<T>(writer: JsonWriter, value: T): void {
  if (isNullable<T>()) {
    if (changetype<usize>(value) == 0) writer.raw('null')
    else writeJson<NonNullable<T>>(writer, changetype<NonNullable<T>>(value))
  } else if (isString<T>()) {
    writer.string(changetype<string>(value))
  } else if (isBoolean<T>()) {
    writer.raw(value ? 'true' : 'false')
  } else if (isInteger<T>()) {
    // @ts-ignore: T is an integer here
    writer.raw(value.toString())
  } else if (isFloat<T>()) {
    // @ts-ignore: T is a float here
    writer.raw(isFinite<T>(value) ? value.toString() : 'null')
    // @ts-ignore: decided by the compiler for each T
  } else if (isDefined(value.writeJson)) {
    // @ts-ignore: generated
    value.writeJson(writer)
  } else if (value instanceof Json) {
    writeTree(writer, value)
  } else if (isArray<T>() || value instanceof Uint8Array) {
    writer.open(91)
    // @ts-ignore: T has a length and an index here
    for (let i = 0, n = value.length; i < n; i++) writeJson<valueof<T>>(writer, unchecked(value[i]))
    writer.close(93)
  } else if (value instanceof Map) {
    writer.open(123)
    // @ts-ignore: T is a map here
    const keys = value.keys()
    for (let i = 0, n = keys.length; i < n; i++) {
      const key = unchecked(keys[i])
      writer.key(key.toString())
      // @ts-ignore: T is a map here
      writeJson<valueof<T>>(writer, value.get(key))
    }
    writer.close(125)
  } else {
    ERROR('this type has no JSON form: mark its class with @json')
  }
}

function writeTree(writer: JsonWriter, json: Json): void {
  if (json.kind == STRING) {
    writer.string(json.text)
  } else if (json.kind == ARRAY) {
    writer.open(91)
    for (let i = 0; i < json.items.length; i++) writeTree(writer, json.items[i])
    writer.close(93)
  } else if (json.kind == OBJECT) {
    writer.open(123)
    for (let i = 0; i < json.items.length; i++) {
      writer.key(json.names[i])
      writeTree(writer, json.items[i])
    }
    writer.close(125)
  } else {
    writer.raw(json.text)
  }
}

/** `what` names the value in error messages. */
export function readJson<T>(json: Json, what: string): T {
  if (isNullable<T>()) {
    if (json.kind == NULL) return changetype<T>(0)
    return changetype<T>(readJson<NonNullable<T>>(json, what))
  } else if (isString<T>()) {
    expect(json, STRING, what, 'a string')
    return changetype<T>(json.text)
  } else if (isBoolean<T>()) {
    expect(json, BOOLEAN, what, 'a boolean')
    return <T>(json.text == 'true')
  } else if (isInteger<T>()) {
    expect(json, NUMBER, what, 'a number')
    return integer<T>(json.text, what)
  } else if (isFloat<T>()) {
    expect(json, NUMBER, what, 'a number')
    return <T>F64.parseFloat(json.text)
  } else if (idof<T>() == idof<Json>()) {
    return changetype<T>(json)
    // @ts-ignore: decided by the compiler for each T
  } else if (isDefined(changetype<T>(0).readJson)) {
    expect(json, OBJECT, what, 'an object')
    // @ts-ignore: the compiler's allocator
    const value = changetype<T>(__new(offsetof<T>(), idof<T>()))
    // @ts-ignore: generated
    value.readJson(json)
    return value
  } else if (isArray<T>()) {
    expect(json, ARRAY, what, 'an array')
    const list = instantiate<T>()
    // @ts-ignore: T is an array here
    for (let i = 0; i < json.items.length; i++) list.push(readJson<valueof<T>>(json.items[i], what))
    return list
  } else if (idof<T>() == idof<Uint8Array>()) {
    return changetype<T>(readBytes(json, what))
  } else {
    return readMap<T>(json, what)
  }
}

/** The field of an object; missing counts as null where the type allows it. */
export function member<T>(json: Json, name: string): T {
  const value = json.at(name)
  if (value !== null) return readJson<T>(value, "'" + name + "'")
  if (isNullable<T>()) return changetype<T>(0)
  panic("'" + name + "' is missing")
  return unreachable()
}

function readBytes(json: Json, what: string): Uint8Array {
  expect(json, ARRAY, what, 'an array of bytes')
  const bytes = new Uint8Array(json.items.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = readJson<u8>(json.items[i], what)
  return bytes
}

function readMap<T>(json: Json, what: string): T {
  expect(json, OBJECT, what, 'an object')
  const map = instantiate<T>()
  for (let i = 0; i < json.items.length; i++) {
    // @ts-ignore: T is a map here; anything else has no JSON form and does not compile
    map.set(json.names[i], readJson<valueof<T>>(json.items[i], what))
  }
  return map
}

function expect(json: Json, kind: u8, what: string, kindName: string): void {
  if (json.kind != kind) panic(what + ' must be ' + kindName + ', not ' + json.kindName())
}

/** Exact at every width: digits are added up in 64 bits and checked against the range of T. */
function integer<T>(text: string, what: string): T {
  const negative = text.charCodeAt(0) == 45
  let value: u64 = 0
  let fits = !negative || isSigned<T>()
  for (let i = negative ? 1 : 0; fits && i < text.length; i++) {
    const digit = u64(text.charCodeAt(i)) - 48
    if (digit > 9) panic(what + ' must be a whole number, not ' + text)
    fits = value < 1844674407370955161 || (value == 1844674407370955161 && digit < 6)
    value = value * 10 + digit
  }
  const bits = u64(sizeof<T>()) * 8
  const limit = isSigned<T>() ? u64(1) << (bits - 1) : u64.MAX_VALUE >> (64 - bits)
  if (isSigned<T>() && !negative) fits = fits && value < limit
  else fits = fits && value <= limit
  if (!fits) panic(what + ' does not fit its type: ' + text)
  return <T>(negative ? 0 - value : value)
}
