// An item of the set: an id, which begins with its stamp, as 64 hex digits whose text order is the canonical order. Bounds
// of ranges are beginnings of keys.
import { type Bytes, fromHex, toHex } from '../base/bytes.ts'
import { ID_LENGTH, type Id, parseHexId } from '../base/ids.ts'

/** 64 hex digits. */
export type ItemKey = string
/** Any beginning of a key, or `END`. */
export type Bound = string

/** Keys from `from` up to, not including, `to`. */
export interface KeyRange {
  readonly from: Bound
  readonly to: Bound
}

export const KEY_LENGTH = ID_LENGTH
export const KEY_DIGITS = 2 * KEY_LENGTH

export const START: Bound = ''
/** Sorts after every key and every other bound. */
export const END: Bound = 'g'
export const EVERYTHING: KeyRange = { from: START, to: END }

export function idOfKey<T extends Id>(key: ItemKey): T {
  return parseHexId<T>(key)
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
