// The result of a method that can fail in a way its caller should handle: `Result<T>`.
// `throw` is for the rest: it ends the call as a panic. Either way nothing the call changed stays.

import { jsonBytes, writeJson } from './json'
import { JsonWriter } from './json-writer'

function nothing<T>(): T {
  if (isReference<T>()) return changetype<T>(0)
  // @ts-ignore: T is a number or a boolean here
  return <T>0
}

export class Result<T> {
  /** The error as JSON text, or null. */
  failure: Uint8Array | null = null
  /** Only meaningful without failure. */
  value: T = nothing<T>()
}

export function ok<T>(value: T): Result<T> {
  const result = new Result<T>()
  result.value = value
  return result
}

/** Fails with a message: the caller sees a JSON string. */
export function err<T>(message: string): Result<T> {
  return errWith<T, string>(message)
}

/** Fails with a kind the caller can test for: the caller sees { "kind": …, "data": … }. */
export function errTagged<T, D>(kind: string, data: D): Result<T> {
  const writer = new JsonWriter()
  writer.open(123)
  writer.key('kind')
  writer.string(kind)
  writer.key('data')
  writeJson<D>(writer, data)
  writer.close(125)
  const result = new Result<T>()
  result.failure = writer.finish()
  return result
}

/** Fails with any value that has a JSON form. */
export function errWith<T, E>(error: E): Result<T> {
  const result = new Result<T>()
  result.failure = jsonBytes<E>(error)
  return result
}
