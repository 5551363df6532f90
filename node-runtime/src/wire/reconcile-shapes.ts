// Parts of the messages that compare two sets of deltas: probes, answers, and what is to be fetched. Keys and bounds of
// ranges are hex inside, as everywhere; a record travels as the list of its fields, because there are many of them.
import { type Bytes, fromHex, toHex } from '../base/bytes.ts'
import { ANSWERS_MAX, PART_KEYS_MAX, RANGE_PARTS_MAX, SET_KEYS_MAX, WANTS_MAX } from './limits.ts'
import { bytes, bytesWithin, list, plain, type RecordOf, record, type Shape, uint, union, wrong } from './shape.ts'

/** A stamp of 8 bytes and an id of 32. */
const KEY_BYTES = 32
/** A key, and one byte more: the bound just behind it. */
const BOUND_BYTES_MAX = KEY_BYTES + 1
/** As a bound: sorts after all others. */
const END = 'g'

interface RangeFields {
  readonly from: string
  readonly to: string
}

export type Probe = RangeFields & { readonly fingerprint?: Bytes }

export type Answer =
  | { readonly t: 'same' }
  | { readonly t: 'items'; readonly keys: Bytes }
  | { readonly t: 'all' }
  | {
      readonly t: 'parts'
      readonly parts: readonly { readonly to: string; readonly count: number; readonly fingerprint: Bytes }[]
    }
  | { readonly t: 'later' }

export type Want = { readonly t: 'item'; readonly key: string } | ({ readonly t: 'range' } & RangeFields)

const keyBytes = bytesWithin(KEY_BYTES, KEY_BYTES)
const key: Shape<string> = {
  read: (raw, at) => toHex(keyBytes.read(raw, at)),
  raw: (value, at) => keyBytes.raw(fromHex(value), at),
}

const boundBytes = bytesWithin(BOUND_BYTES_MAX)
/** Null = the end of all keys. */
export const setBound: Shape<string> = {
  read: (raw, at) => (raw === null ? END : toHex(boundBytes.read(raw, at))),
  raw: (value, at) => (value === END ? null : boundBytes.raw(fromHex(value), at)),
}

const someBytes = bytes(PART_KEYS_MAX * KEY_BYTES)
/** Whole keys one after the other. */
const packedKeys: Shape<Bytes> = plain((raw, at) => {
  const value = someBytes.read(raw, at)
  if (value.byteLength % KEY_BYTES !== 0) throw wrong(at, `whole keys of ${KEY_BYTES} bytes`, raw)
  return value
})

const hash = bytes(32, 32)

/** Without a fingerprint: the asker has nothing in the range. */
export const probes: Shape<readonly Probe[]> = list(
  ascendingRange(columns({ from: setBound, to: setBound }, { fingerprint: hash })),
  ANSWERS_MAX,
  1,
)

export const answers: Shape<readonly Answer[]> = list(
  union<'t', Answer>('t', {
    same: record({}),
    items: record({ keys: packedKeys }),
    all: record({}),
    parts: record({
      parts: list(columns({ to: setBound, count: uint(SET_KEYS_MAX), fingerprint: hash }), RANGE_PARTS_MAX, 2),
    }),
    later: record({}),
  }),
  ANSWERS_MAX,
  1,
)

export const wants: Shape<readonly Want[]> = list(
  union<'t', Want>('t', {
    item: record({ key }),
    range: ascendingRange(record({ from: setBound, to: setBound })),
  }),
  WANTS_MAX,
  1,
)

export const setKeys: Shape<readonly string[]> = list(key, WANTS_MAX)

/** A record as the list of its fields in the order of the declaration; optional ones at the end, null where absent. */
function columns<
  R extends Readonly<Record<string, Shape<unknown>>>,
  O extends Readonly<Record<string, Shape<unknown>>>,
>(required: R, optional?: O): Shape<RecordOf<R, O>> {
  const fields = record(required, optional)
  const names = [...Object.keys(required), ...Object.keys(optional ?? {})]
  const needed = Object.keys(required).length
  return {
    read(raw, at) {
      if (!Array.isArray(raw) || raw.length !== names.length) throw wrong(at, `a list of ${names.length}`, raw)
      const present = names.map((name, index) => [name, raw[index]]).filter(([, v], i) => i < needed || v !== null)
      return fields.read(Object.fromEntries(present), at)
    },
    raw(value, at) {
      const built = fields.raw(value, at) as Readonly<Record<string, unknown>>
      return names.map((name) => built[name] ?? null)
    },
  }
}

function ascendingRange<T extends RangeFields>(shape: Shape<T>): Shape<T> {
  const checked = (range: T, at: string) => {
    if (range.from >= range.to) throw wrong(at, 'a range that begins before it ends', range)
    return range
  }
  return {
    read: (raw, at) => checked(shape.read(raw, at), at),
    raw: (value, at) => shape.raw(checked(value, at), at),
  }
}
