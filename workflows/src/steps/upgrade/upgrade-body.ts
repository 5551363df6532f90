import type { JsonValue } from '../../values/json/json-value.ts'

export function upgradeBody(target: JsonValue | undefined, cascade: JsonValue) {
  return { targetApplicationId: target, cascade, forceCodeOnly: false }
}
