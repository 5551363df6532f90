import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'

export function upgradeBody(target: JsonValue | undefined, cascade: JsonValue) {
  return { targetApplicationId: target, cascade, forceCodeOnly: false }
}

/** Of the reply to a request for one. */
export function saysUpgrade(data: JsonValue): string | undefined {
  if (!isJsonObject(data) || data.status === undefined) return undefined
  const { status, localContextsTotal: total } = data
  const contexts = total === undefined || total === null ? '' : `, ${pythonStr(total)} of the contexts here`
  return `${pythonStr(status)}${contexts}`
}
