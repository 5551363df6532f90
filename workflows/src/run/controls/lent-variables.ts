// `vars` of a step.
import { type JsonObject, type JsonValue, keysOf, objectOf } from '../../values/json/json-value.ts'
import { resolve } from '../../values/placeholders.ts'
import type { Variables } from '../../values/variables.ts'

/** Each may be made of those before it. */
export function resolveInOrder(vars: JsonObject, variables: Variables): Record<string, JsonValue> {
  const own = variables.scope()
  const resolved: [string, JsonValue][] = []
  for (const name of keysOf(vars)) {
    const value = resolve(vars[name] ?? null, own)
    own.set(name, value)
    resolved.push([name, value])
  }
  return objectOf(resolved)
}
