// Shapes: one declaration reads a decoded DAG-CBOR value into a typed one and turns it back. Readers are strict: exact
// fields, bounded lengths, sorted sets. `codec.ts` puts shapes into messages.
import { Buffer } from 'node:buffer'
import { type Bytes, copyOf } from '../base/bytes.ts'
import { ID_LENGTH, type Id, idBytes, idFromBytes } from '../base/ids.ts'
import { WireError } from './errors.ts'

export interface Shape<T> {
  /** Throws WireError; `at` names the place in the message. */
  read(raw: unknown, at: string): T
  /** What DAG-CBOR encodes. Throws WireError where `read` would refuse it. */
  raw(value: T, at: string): unknown
  /** Of a record: the same with its fields beside the one in `out`, which is in `map` or `raw`, too. */
  readonly beside?: {
    read(map: Readonly<Record<string, unknown>>, at: string, out: Record<string, unknown>): unknown
    raw(value: Readonly<Record<string, unknown>>, at: string, out: Record<string, unknown>): unknown
  }
}

/**
 * What is well-formed is read without its places being named: to write a name costs as much as to read a field. What is
 * not is read again, for the error. With an empty `at` no place is named.
 */
export function named<T>(at: string, work: (at: string) => T): T {
  try {
    return work('')
  } catch (error) {
    if (error instanceof WireError) return work(at)
    throw error
  }
}

function inside(at: string, name: string): string {
  return at === '' ? '' : `${at}.${name}`
}

function nth(at: string, index: number): string {
  return at === '' ? '' : `${at}[${index}]`
}

export type Read<S> = S extends Shape<infer T> ? T : never

export const U64_MAX = (1n << 64n) - 1n

const utf8Length = (text: string) => Buffer.byteLength(text, 'utf8')

export function wrong(at: string, expected: string, seen: unknown): WireError {
  return new WireError('WIRE_SHAPE', `${at}: expected ${expected}, got ${describe(seen)}`, { data: { at } })
}

function describe(seen: unknown): string {
  if (seen instanceof Uint8Array) return `${seen.byteLength} bytes`
  if (Array.isArray(seen)) return `a list of ${seen.length}`
  if (typeof seen === 'string') return `a text of ${utf8Length(seen)} bytes`
  if (typeof seen === 'number' || typeof seen === 'bigint' || typeof seen === 'boolean') return String(seen)
  return seen === null ? 'null' : seen === undefined ? 'nothing' : 'a map'
}

/** Of values that are the same inside and on the wire. */
export function plain<T>(check: (raw: unknown, at: string) => T): Shape<T> {
  return { read: check, raw: check }
}

/** Read as copies: what is kept of a message must not keep the whole. */
export function bytes(max: number, min = 0): Shape<Bytes> {
  const { read, raw } = bytesWithin(max, min)
  return { read: (value, at) => copyOf(read(value, at)), raw }
}

/** As read, a part of the message's own memory: for what is decoded at once and not kept. */
export function bytesWithin(max: number, min = 0): Shape<Bytes> {
  const expected = min === max ? `${max} bytes` : `${min} to ${max} bytes`
  return plain((raw, at) => {
    if (!(raw instanceof Uint8Array) || raw.byteLength < min || raw.byteLength > max) throw wrong(at, expected, raw)
    return raw
  })
}

/** A branded id: 32 bytes on the wire, hex inside. */
export function id<T extends Id>(): Shape<T> {
  return {
    read(raw, at) {
      if (!(raw instanceof Uint8Array) || raw.byteLength !== ID_LENGTH) throw wrong(at, `${ID_LENGTH} bytes`, raw)
      return idFromBytes<T>(raw)
    },
    raw: (value, at) => bytesOfId(value, at),
  }
}

function bytesOfId(value: Id, at: string): Bytes {
  const bytes = idBytes(value)
  if (bytes.byteLength !== ID_LENGTH) throw wrong(at, `${ID_LENGTH} bytes`, bytes)
  return bytes
}

/** UTF-8 text of at most `max` bytes. */
export function text(max: number, min = 0): Shape<string> {
  return plain((raw, at) => {
    const length = typeof raw === 'string' ? utf8Length(raw) : -1
    if (typeof raw !== 'string' || length < min || length > max) {
      throw wrong(at, `a text of ${min} to ${max} bytes`, raw)
    }
    return raw
  })
}

export function uint(max: number): Shape<number> {
  return plain((raw, at) => {
    if (typeof raw !== 'number' || !Number.isSafeInteger(raw) || raw < 0 || raw > max || Object.is(raw, -0)) {
      throw wrong(at, `an integer from 0 to ${max}`, raw)
    }
    return raw
  })
}

export function u64(): Shape<bigint> {
  return plain((raw, at) => {
    const value = typeof raw === 'number' && Number.isSafeInteger(raw) ? BigInt(raw) : raw
    if (typeof value !== 'bigint' || value < 0n || value > U64_MAX) throw wrong(at, 'an unsigned 64-bit integer', raw)
    return value
  })
}

export function flag(): Shape<boolean> {
  return plain((raw, at) => {
    if (typeof raw !== 'boolean') throw wrong(at, 'true or false', raw)
    return raw
  })
}

export function oneOf<const T extends string>(options: readonly T[]): Shape<T> {
  return plain((raw, at) => {
    const found = options.find((option) => option === raw)
    if (found === undefined) throw wrong(at, `one of ${options.join(', ')}`, raw)
    return found
  })
}

export function list<T>(item: Shape<T>, max: number, min = 0): Shape<readonly T[]> {
  const checkLength = (entries: readonly unknown[], at: string) => {
    if (entries.length < min || entries.length > max) throw wrong(at, `a list of ${min} to ${max}`, entries)
  }
  return {
    read(raw, at) {
      if (!Array.isArray(raw)) throw wrong(at, `a list of ${min} to ${max}`, raw)
      checkLength(raw, at)
      return raw.map((entry: unknown, index) => item.read(entry, nth(at, index)))
    },
    raw(value, at) {
      checkLength(value, at)
      return value.map((entry, index) => item.raw(entry, nth(at, index)))
    },
  }
}

/** Ids in ascending order without repetition: a set has one byte form. */
export function idSet<T extends Id>(max: number): Shape<readonly T[]> {
  const ids = list(id<T>(), max)
  return {
    read(raw, at) {
      const value = ids.read(raw, at)
      assertAscending(value, at)
      return value
    },
    raw(value, at) {
      assertAscending(value, at)
      return ids.raw(value, at)
    },
  }
}

/** A map from ids, as a list of pairs in ascending order of the ids. */
export function idTable<K extends Id, V>(value: Shape<V>, max: number): Shape<Readonly<Record<K, V>>> {
  return {
    read(raw, at) {
      if (!Array.isArray(raw) || raw.length > max) throw wrong(at, `a list of 0 to ${max} pairs`, raw)
      const pairs = raw.map((pair: unknown, index): [K, V] => {
        if (!Array.isArray(pair) || pair.length !== 2) throw wrong(`${at}[${index}]`, 'a pair', pair)
        return [id<K>().read(pair[0], `${at}[${index}][0]`), value.read(pair[1], `${at}[${index}][1]`)]
      })
      assertAscending(
        pairs.map(([key]) => key),
        at,
      )
      return Object.fromEntries(pairs) as Readonly<Record<K, V>>
    },
    raw(table, at) {
      const pairs = Object.entries<V>(table).sort(([a], [b]) => (a < b ? -1 : 1))
      if (pairs.length > max) throw wrong(at, `a list of 0 to ${max} pairs`, pairs)
      return pairs.map(([key, entry]) => [bytesOfId(key as K, at), value.raw(entry, `${at}[${key}]`)])
    },
  }
}

function assertAscending(ids: readonly Id[], at: string): void {
  for (let i = 1; i < ids.length; i++) {
    const [before, now] = [ids[i - 1], ids[i]]
    if (before === undefined || now === undefined || before >= now) {
      throw new WireError('WIRE_NOT_CANONICAL', `${at}[${i}]: ids must ascend without repetition`, { data: { at } })
    }
  }
}

/** A map from texts, as a list of pairs in ascending order of the keys. */
export function pairsOf(key: Shape<string>, value: Shape<string>, max: number): Shape<readonly TextPair[]> {
  const one = (raw: unknown, at: string): TextPair => {
    if (!Array.isArray(raw) || raw.length !== 2) throw wrong(at, 'a pair', raw)
    return [key.read(raw[0], `${at}[0]`), value.read(raw[1], `${at}[1]`)]
  }
  return plain((raw, at) => {
    if (!Array.isArray(raw) || raw.length > max) throw wrong(at, `a list of 0 to ${max} pairs`, raw)
    const pairs = raw.map((pair: unknown, index) => one(pair, `${at}[${index}]`))
    pairs.forEach(([name], index) => {
      const before = pairs[index - 1]
      if (before === undefined || before[0] < name) return
      throw new WireError('WIRE_NOT_CANONICAL', `${at}[${index}]: keys must ascend without repetition`, {
        data: { at },
      })
    })
    return pairs
  })
}

type TextPair = readonly [string, string]

type Fields = Readonly<Record<string, Shape<unknown>>>
type Flat<T> = { readonly [K in keyof T]: T[K] }
export type RecordOf<R extends Fields, O extends Fields> = Flat<
  { [K in keyof R]: Read<R[K]> } & { [K in keyof O]?: Read<O[K]> }
>

/** A map with exactly the required fields and no others than the optional ones. */
export function record<R extends Fields, O extends Fields = Record<never, never>>(
  required: R,
  optional?: O,
): Shape<RecordOf<R, O>> {
  const all: [string, Shape<unknown>, boolean][] = [
    ...Object.entries(required).map(([name, shape]): [string, Shape<unknown>, boolean] => [name, shape, true]),
    ...Object.entries(optional ?? {}).map(([name, shape]): [string, Shape<unknown>, boolean] => [name, shape, false]),
  ]
  // As they are encoded: then nothing is left to sort.
  all.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
  const read = (map: Readonly<Record<string, unknown>>, at: string, out: Record<string, unknown>, others: number) => {
    let unread = Object.keys(map).length - others
    for (const [name, shape, needed] of all) {
      const field = Object.hasOwn(map, name) ? map[name] : undefined
      if (field === undefined && !needed) continue
      out[name] = shape.read(field, inside(at, name))
      unread -= 1
    }
    if (unread > 0) throw new WireError('WIRE_SHAPE', `${at}: unknown field`, { data: { at } })
    return out
  }
  const raw = (source: Readonly<Record<string, unknown>>, at: string, out: Record<string, unknown>) => {
    for (const [name, shape, needed] of all) {
      const field = source[name]
      if (field !== undefined) out[name] = shape.raw(field, inside(at, name))
      else if (needed) throw wrong(inside(at, name), 'a value', undefined)
    }
    return out
  }
  return {
    read: (value, at) => read(asMap(value, at), at, {}, 0) as RecordOf<R, O>,
    raw: (value, at) => raw(value, at, {}),
    beside: { read: (map, at, out) => read(map, at, out, 1), raw },
  }
}

type Variants<K extends string, T extends { readonly [P in K]: string }> = {
  readonly [N in T[K]]: Shape<Omit<Extract<T, { readonly [P in K]: N }>, K>>
}

/** A map whose field `key` says which of the shapes the others have. Complete by construction. */
export function union<K extends string, T extends { readonly [P in K]: string }>(
  key: K,
  variants: Variants<K, T>,
): Shape<T> {
  const shapes = new Map<string, Shape<object>>(Object.entries<Shape<object>>(variants))
  return {
    read(raw, at) {
      const map = asMap(raw, at)
      const name = Object.hasOwn(map, key) ? map[key] : undefined
      const shape = typeof name === 'string' ? shapes.get(name) : undefined
      if (shape === undefined) throw wrong(inside(at, key), `one of ${[...shapes.keys()].join(', ')}`, name)
      if (shape.beside) return shape.beside.read(map, at, { [key]: name }) as T
      const { [key]: _, ...rest } = map
      return { [key]: name, ...shape.read(rest, at) } as unknown as T
    },
    raw(value, at) {
      const name = value[key]
      const shape = shapes.get(name)
      if (shape === undefined) throw wrong(inside(at, key), `one of ${[...shapes.keys()].join(', ')}`, name)
      if (shape.beside) return shape.beside.raw(value, at, { [key]: name })
      const { [key]: _, ...rest } = value
      return { [key]: name, ...(shape.raw(rest, at) as object) }
    },
  }
}

function asMap(raw: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw) || raw instanceof Uint8Array) {
    throw wrong(at, 'a map', raw)
  }
  return raw as Readonly<Record<string, unknown>>
}
