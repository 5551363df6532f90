// The four placeholder families that read raw results instead of variables: install, context, identity, invite.

import { hasKey, isJsonObject, type JsonObject, type JsonValue } from './json/json-value.ts'
import { pythonStr } from './python/python-text.ts'
import type { Variables } from './variables.ts'

/** `resolveIdentity` gives what `{{identity.<node>}}` resolves to. Undefined: not of a family, or nothing known. */
export function legacyValue(
  name: string,
  variables: Variables,
  resolveIdentity: (node: string) => JsonValue,
): JsonValue | undefined {
  const dot = name.indexOf('.')
  if (dot < 0) return undefined
  const rest = name.slice(dot + 1)
  switch (name.slice(0, dot)) {
    case 'install':
      return variables.get(`app_id_${rest}`) ?? field(variables.rawResult(`install_${rest}`), INSTALL_FIELDS, false)
    case 'context':
      return contextValue(rest, variables)
    case 'identity':
      return field(variables.rawResult(`identity_${rest}`), IDENTITY_FIELDS)
    case 'invite':
      return invitation(rest, variables, resolveIdentity)
    default:
      return undefined
  }
}

const INSTALL_FIELDS = ['id', 'applicationId', 'name']
const CONTEXT_FIELDS = ['id', 'contextId', 'name']
const IDENTITY_FIELDS = ['publicKey', 'id', 'name']
const INVITE_FIELDS = ['invitation', 'id', 'name']

function contextValue(rest: string, variables: Variables): JsonValue | undefined {
  const dot = rest.indexOf('.')
  if (dot < 0) {
    return variables.get(`context_id_${rest}`) ?? field(variables.rawResult(`context_${rest}`), CONTEXT_FIELDS)
  }
  const raw = variables.rawResult(`context_${rest.slice(0, dot)}`)
  return isJsonObject(raw) ? field(raw, [rest.slice(dot + 1)]) : undefined
}

function invitation(
  rest: string,
  variables: Variables,
  resolveIdentity: (node: string) => JsonValue,
): JsonValue | undefined {
  const mark = rest.indexOf('_identity.')
  if (mark < 0) return undefined
  const identity = resolveIdentity(rest.slice(mark + '_identity.'.length))
  return field(variables.rawResult(`invite_${rest.slice(0, mark)}_${pythonStr(identity)}`), INVITE_FIELDS)
}

/** The first of the fields that the reply has; a reply that is no map is its own text. */
function field(raw: JsonValue | undefined, names: readonly string[], unwrap = true): JsonValue | undefined {
  if (raw === undefined) return undefined
  if (!isJsonObject(raw)) return pythonStr(raw)
  const data = unwrap ? dataOf(raw) : raw
  const name = isJsonObject(data) ? names.find((candidate) => hasKey(data, candidate)) : undefined
  return name === undefined || !isJsonObject(data) ? undefined : data[name]
}

function dataOf(raw: JsonObject): JsonValue | undefined {
  return hasKey(raw, 'data') ? raw.data : raw
}
