// Values in texts for people: JSON, as they are written in files and read in run.json. What is compared is another matter
// (python-text.ts).

import type { JsonValue } from './json/json-value.ts'
import { exactJson } from './json/lossless-json.ts'
import { pythonRepr } from './python/python-text.ts'
import { ValuesError } from './values-error.ts'

/** Never throws. */
export function shownValue(value: JsonValue | undefined): string {
  try {
    return exactJson(value ?? null)
  } catch (error) {
    // NaN and the infinities, which JSON has no words for.
    if (error instanceof ValuesError) return pythonRepr(value)
    throw error
  }
}

/** A text is itself, everything else JSON. */
export function shownText(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : shownValue(value)
}
