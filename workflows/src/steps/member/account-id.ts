// The account that a check of members is about. A key in its place is in no list of members, so that "is no member" would be
// true of whoever is one.
import { ClientError } from '../../client/client-error.ts'
import { hexOfBase58 } from '../../values/base58.ts'
import { unwrapData } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { shownText } from '../../values/shown-value.ts'
import { StepError } from '../step-error.ts'
import type { NodeHandle, StepOptions } from '../step-kind.ts'

const HELP = 'node_identity gives accountId, list_group_members the account of each member as identity'

/** In lower case. StepError `invalid` for what is none. */
export function accountIdOf(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase()
  const isKey = hexOfBase58(text) !== undefined
  const what = isKey ? 'is a public key (or another id in base58), and no account id' : 'is no account id'
  throw new StepError('invalid', `${shownText(text)} ${what}: that has 64 hex digits`, { help: HELP, field: 'account' })
}

/** StepError `invalid` where the node knows it as the key or device of a member. */
export async function refuseDevice(
  node: NodeHandle,
  groupId: string,
  account: string,
  options: StepOptions,
): Promise<void> {
  const owner = devicesIn(await readDevices(node, groupId, options)).find(({ ids }) => ids.includes(account))?.account
  if (owner === undefined || owner === account) return
  const message = `${account} is a key of member ${owner}, and no account id`
  throw new StepError('invalid', message, { node: node.name, help: HELP, field: 'account' })
}

async function readDevices(node: NodeHandle, groupId: string, options: StepOptions): Promise<JsonValue> {
  try {
    const path = `/admin-api/groups/${encodeURIComponent(groupId)}/member-devices`
    return unwrapData(await node.client.request('GET', path, options))
  } catch (error) {
    // A node that cannot tell has answered the question itself: who the members are.
    if (error instanceof ClientError && error.status !== undefined) return null
    throw error
  }
}

function devicesIn(data: JsonValue): { readonly account: JsonValue | undefined; readonly ids: readonly JsonValue[] }[] {
  const members = isJsonObject(data) && Array.isArray(data.members) ? data.members : []
  return members.filter(isJsonObject).map(({ account, devices }) => ({
    account,
    ids: (Array.isArray(devices) ? devices : [])
      .filter(isJsonObject)
      .flatMap(({ deviceId, signingKey }) => [deviceId ?? null, signingKey ?? null]),
  }))
}
