// Values at dotted paths of a reply or event against those a file asks for; and texts in which every placeholder must be
// known.
import { lookUpPath } from '../../values/capture-outputs.ts'
import { type JsonObject, type JsonValue, keysOf, objectOf } from '../../values/json/json-value.ts'
import { resolve, resolveToText } from '../../values/placeholders.ts'
import { pythonEqual } from '../../values/python/python-equal.ts'
import { shownText } from '../../values/shown-value.ts'
import type { StepContext } from '../step-kind.ts'

/** One line for each path that is not as asked. A null that is asked for must be there. */
export function mismatches(value: JsonValue, wanted: JsonObject): string[] {
  return keysOf(wanted).flatMap((path) => {
    const expected = wanted[path] ?? null
    const actual = lookUpPath(value, path)
    if (actual === undefined) return [`${path}: ${shownText(expected)} was expected, and there is nothing`]
    return pythonEqual(actual, expected)
      ? []
      : [`${path}: ${shownText(expected)} was expected, and it is ${shownText(actual)}`]
  })
}

/** ValuesError for a placeholder that is not set. */
export function strictText(text: string, context: StepContext): string {
  return resolveToText(text, context.variables, { strict: true })
}

/** Texts are resolved; everything else is compared as the file has it. */
export function strictValues(values: JsonObject, context: StepContext): JsonObject {
  const resolved = keysOf(values).map((path): [string, JsonValue] => {
    const value = values[path] ?? null
    return [path, typeof value === 'string' ? resolve(value, context.variables, { strict: true }) : value]
  })
  return objectOf(resolved)
}
