// `for_each` of a step: its entries, and the variables that each sets.
import { FOR_EACH_MAX } from '../../plan/limits.ts'
import type { PlannedControls } from '../../plan/plan-types.ts'
import { StepError } from '../../steps/step-error.ts'
import { isJsonObject, type JsonValue, keysOf } from '../../values/json/json-value.ts'
import { resolve } from '../../values/placeholders.ts'
import { shortened } from '../../values/shortened.ts'
import { shownText } from '../../values/shown-value.ts'
import { ValuesError } from '../../values/values-error.ts'
import type { Variables } from '../../values/variables.ts'
import { ENTRY_MAX_CHARS } from '../limits.ts'

/** Throws StepError `invalid` where there is no list. */
export function entriesOf(given: JsonValue, variables: Variables): readonly JsonValue[] {
  const list = typeof given === 'string' ? listOf(given, variables) : resolve(given, variables)
  if (!Array.isArray(list)) throw invalid(`"for_each" needs a list, and ${String(given)} is ${shownText(list)}`)
  if (list.length > FOR_EACH_MAX) {
    throw invalid(`"for_each" has ${list.length} entries; at most ${FOR_EACH_MAX} are run`)
  }
  return list
}

function listOf(placeholder: string, variables: Variables): JsonValue {
  try {
    return resolve(placeholder.trim(), variables, { strict: true })
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error
    throw invalid(`"for_each" has no list: ${error.message}`)
  }
}

/** As in an iteration of repeat, and the entry; the fields of a map under their own names behind a dot. */
export function entryVariables(
  { as }: NonNullable<PlannedControls['forEach']>,
  entry: JsonValue,
  index: number,
): Record<string, JsonValue> {
  const variables: Record<string, JsonValue> = {
    iteration: index + 1,
    iteration_index: index,
    iteration_zero_based: index,
    iteration_one_based: index + 1,
    [as]: entry,
  }
  if (isJsonObject(entry)) for (const key of keysOf(entry)) variables[`${as}.${key}`] = entry[key] ?? null
  return variables
}

/** For names of steps. */
export function entryText(entry: JsonValue): string {
  const text = shownText(entry)
  return shortened(text, ENTRY_MAX_CHARS)
}

function invalid(message: string): StepError {
  return new StepError('invalid', message, { field: 'for_each' })
}
