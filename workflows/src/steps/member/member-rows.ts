// The rows of a list of members, for the kinds that look somebody up in it.
import type { Page } from '../../client/node-client.ts'
import { unwrapData } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { MEMBER_PAGES_MAX, MEMBERS_PAGE } from '../limits.ts'
import { refuseError } from '../reply.ts'
import { StepError } from '../step-error.ts'
import type { NodeHandle } from '../step-kind.ts'

/** All of them. */
export function readMembers(
  node: NodeHandle,
  groupId: string,
  options: { signal: AbortSignal },
): Promise<readonly JsonObject[]> {
  return readPages(node.name, 'identity', async (page) => {
    const reply = await node.client.listGroupMembers(groupId, page, options)
    return unwrapData(refuseError(node.name, 'listing the members', reply))
  })
}

/**
 * All pages of a list of members, whose rows have the account as `key`. A node may give fewer rows than it is asked for, so only a
 * page without anybody new is the end; one that knows of no pages gives the same again. StepError where it comes to no end.
 */
export async function readPages(
  node: string,
  key: 'identity' | 'account',
  read: (page: Page) => Promise<JsonValue>,
): Promise<readonly JsonObject[]> {
  const found = new Map<JsonValue | undefined, JsonObject>()
  for (let count = 0, offset = 0; count < MEMBER_PAGES_MAX; count += 1) {
    const rows = rowsOf(await read({ offset, limit: MEMBERS_PAGE }))
    const before = found.size
    for (const row of rows) found.set(row[key], row)
    if (found.size === before) return [...found.values()]
    offset += rows.length
  }
  const message = `the list of members has no end after ${MEMBER_PAGES_MAX} pages`
  throw new StepError('assertion', message, { node })
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
