// What `plan` must know of a step kind to read it: the port through which the kinds (workflows/src/steps) are seen.
// A StepKind of `steps/` has all of these members and more; plan never looks at the rest, and never runs anything.

import type { TSchema } from '@calbox/schemas'
import type { JsonObject } from '../../values/json/json-value.ts'

/**
 * `schema` is a `Type.Object(fields, { additionalProperties: false })` of the step's own fields. The common keys (name,
 * type, outputs, description, expected_failure, expected_error, token) are added by plan and must not be in it.
 *
 * Keywords that plan can check: type, properties, required, additionalProperties, patternProperties, items, enum, const,
 * anyOf, oneOf, allOf, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, pattern, minItems, maxItems,
 * uniqueItems, minProperties, maxProperties, and the annotations. Another keyword is a defect of the kind and is asserted.
 *
 * What the checked input holds: a number where the schema says `number` or `integer` (never a bigint or JsonFloat); the
 * JsonValue of the file where it says nothing (`Type.Unknown()`, e.g. args); no key whose value is null where the
 * schema does not take null. Defaults are not filled in.
 */
export interface StepSchema {
  readonly kind: string
  /** Other names under which a file may write this kind. */
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly schema: TSchema
  /** Where this kind holds further steps. In its schema such a field is `Type.Array(Type.Unknown(), { minItems: 1 })`. */
  readonly nested?: readonly NestedSteps[]
  /**
   * Rules that a schema cannot say ("at least 2 unique nodes"). Called only with an input that passed the schema.
   * Must not throw; values that hold a placeholder are not known yet and have to be let through.
   */
  readonly checks?: (input: JsonObject) => readonly StepProblem[]
  /**
   * Fields whose values the original looks at only when the step is reached: a wrong one is a warning, and the step fails
   * then.
   */
  readonly lateFields?: readonly string[]
  /** False: `expected_failure` has no meaning here. */
  readonly honoursExpectedFailure?: boolean
  /** It gives no reply that `expect` could look at. */
  readonly hasNoReply?: boolean
  /** It reads variables only: run again, it comes to the same. */
  readonly readsOnlyVariables?: boolean
  /** Where only some outputs are set after the step: the sources whose are. The others are names for the steps inside. */
  readonly outputsAfter?: ReadonlySet<string>
  /** The field that names a file with more steps: plan reads it, and they become the step's branch. */
  readonly includes?: string
  /** Set when the kind is known but always fails: a warning. The text says why and what to do instead. */
  readonly unsupported?: string
  /** Variables that a successful step sets by itself, `{node}` standing for its node. Only used to warn of unknown ones. */
  readonly exportedVariables?: readonly string[]
}

/** `['steps']` for repeat; `['groups', '*', 'steps']` for parallel (`*` = every element of a list). */
export interface NestedSteps {
  readonly path: readonly string[]
  /** 'warning' where the original accepts anything in there (fuzzy_test). */
  readonly severity?: 'error' | 'warning'
  /** What these steps capture is set for the steps after this one, too. */
  readonly sharesVariables?: boolean
}

export interface StepProblem {
  /** Below the step: `['nodes', 1]`. The empty path is the step itself. */
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint?: string
  /** `flaw`: a warning, and the step fails when it is reached, as the original finds it only then. */
  readonly severity?: 'error' | 'warning' | 'flaw'
}

/** The registry as plan sees it: every kind by its name and by its aliases. */
export interface StepSchemaRegistry {
  find(type: string): StepSchema | undefined
  /** Kinds and aliases, for "did you mean". */
  names(): readonly string[]
}

/** Two kinds under one name are a defect of the program. */
export function stepSchemaRegistry(kinds: readonly StepSchema[]): StepSchemaRegistry {
  const byName = new Map<string, StepSchema>()
  for (const kind of kinds) {
    for (const name of [kind.kind, ...(kind.aliases ?? [])]) {
      if (byName.has(name)) throw new Error(`assertion failed: two step kinds are named ${name}`)
      byName.set(name, kind)
    }
  }
  const names = [...byName.keys()].sort()
  return { find: (type) => byName.get(type), names: () => names }
}
