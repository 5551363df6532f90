// How far a cascading upgrade is: the node's list of groups as counts that files can compare.
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'

export const cascadeOutputs = [
  { name: 'total', description: 'How many groups there are.' },
  { name: 'completed', description: 'How many of them have completed.' },
  { name: 'failed', description: 'How many have failed.' },
  { name: 'pending', description: 'All others.' },
  { name: 'all_completed', description: 'All have, and there is at least one.' },
  { name: 'groups', description: "The node's list: {groupId, upgrade, cascadeHlc?}." },
]

/** From the list of the reply; a reply that is no list has no `groups`. */
export function cascadeSummary(data: JsonValue): JsonObject {
  const groups = Array.isArray(data) ? data : []
  const states = groups.map(stateOf)
  const total = groups.length
  const completed = states.filter((state) => state === 'completed').length
  const failed = states.filter((state) => state === 'failed').length
  const counts = { total, completed, failed, pending: total - completed - failed }
  return { ...counts, all_completed: total > 0 && completed === total, ...(Array.isArray(data) && { groups }) }
}

export function saysCascade(data: JsonValue): string {
  const { total, completed, failed } = cascadeSummary(data)
  const broken = failed === 0 ? '' : `, ${pythonStr(failed)} failed`
  return `${pythonStr(completed)} of ${pythonStr(total)} groups completed${broken}`
}

function stateOf(group: JsonValue): string {
  const upgrade = isJsonObject(group) ? group.upgrade : undefined
  return isJsonObject(upgrade) ? pythonStr(upgrade.status ?? '').toLowerCase() : ''
}
