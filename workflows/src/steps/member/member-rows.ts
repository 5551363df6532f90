// The rows of a list of members, for the kinds that look somebody up in it.
import { unwrapData } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { refuseError } from '../reply.ts'
import type { NodeHandle } from '../step-kind.ts'

export async function readMembers(
  node: NodeHandle,
  groupId: string,
  options: { signal: AbortSignal },
): Promise<readonly JsonObject[]> {
  const reply = await node.client.listGroupMembers(groupId, options)
  return rowsOf(unwrapData(refuseError(node.name, 'listing the members', reply)))
}

export function saysMembers(data: JsonValue): string {
  const count = rowsOf(data).length
  return count === 1 ? '1 member' : `${count} members`
}

/** For messages: account and role of each. */
export function shownMembers(rows: readonly JsonObject[]): string {
  return rows.length === 0 ? 'it has none' : rows.map(({ identity, role }) => `${identity} (${role})`).join(', ')
}

function rowsOf(data: JsonValue): readonly JsonObject[] {
  const members = isJsonObject(data) ? data.members : data
  return Array.isArray(members) ? members.filter(isJsonObject) : []
}
