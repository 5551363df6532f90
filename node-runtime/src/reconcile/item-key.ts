// An item of the set: a stamp and an id, as 80 hex digits whose text order is the canonical order (hlc, id). Bounds of
// ranges are beginnings of keys.
import { type Bytes, fromHex, toHex, u64be } from '../base/bytes.ts'
import { type Id, parseHexId } from '../base/ids.ts'

/** 16 digits of the stamp, 64 of the id. */
export type ItemKey = string
/** Any beginning of a key, or `END`. */
export type Bound = string

/** Keys from `from` up to, not including, `to`. */
export interface KeyRange {
  readonly from: Bound
  readonly to: Bound
}

export const KEY_LENGTH = 40
export const KEY_DIGITS = 2 * KEY_LENGTH
const STAMP_DIGITS = 16

export const START: Bound = ''
/** Sorts after every key and every other bound. */
export const END: Bound = 'g'
export const EVERYTHING: KeyRange = { from: START, to: END }

/** `id` is 64 hex digits. */
export function itemKey(hlc: bigint, id: string): ItemKey {
  return toHex(u64be(hlc)) + id
}

export function idOfKey<T extends Id>(key: ItemKey): T {
  return parseHexId<T>(key.slice(STAMP_DIGITS))
}

/** The bound just behind `key`. */
export function behind(key: ItemKey): Bound {
  return `${key}00`
}

export function packKeys(keys: readonly ItemKey[]): Bytes {
  return fromHex(keys.join(''))
}

/** `bytes` must hold whole keys. */
export function unpackKeys(bytes: Bytes): ItemKey[] {
  const digits = toHex(bytes)
  const keys: ItemKey[] = []
  for (let at = 0; at < digits.length; at += KEY_DIGITS) keys.push(digits.slice(at, at + KEY_DIGITS))
  return keys
}

export function isAscending(keys: readonly Bound[]): boolean {
  return keys.every((key, index) => index === 0 || (keys[index - 1] ?? END) < key)
}

/** The shortest bound of whole bytes that is above `left` and at or below `right`. */
export function separator(left: ItemKey, right: ItemKey): Bound {
  return right.slice(0, (commonDigits(left, right) & ~1) + 2)
}

export function commonDigits(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  let at = 0
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1
  return at
}
