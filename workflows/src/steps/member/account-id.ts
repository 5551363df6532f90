// The account that a check of members is about. A key in its place is in no list of members, so that "is no member" would be
// true of whoever is one.
import { ClientError } from '../../client/client-error.ts'
import { hexOfBase58 } from '../../values/base58.ts'
import { unwrapData } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { shownText } from '../../values/shown-value.ts'
import { StepError } from '../step-error.ts'
import type { NodeHandle, StepOptions } from '../step-kind.ts'
import { readPages } from './member-rows.ts'

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
  const owner = (await readDevices(node, groupId, options))
    .map(devicesIn)
    .find(({ ids }) => ids.includes(account))?.account
  if (owner === undefined || owner === account) return
  const message = `${account} is a key of member ${owner}, and no account id`
  throw new StepError('invalid', message, { node: node.name, help: HELP, field: 'account' })
}

async function readDevices(node: NodeHandle, groupId: string, options: StepOptions): Promise<readonly JsonObject[]> {
  try {
    return await readPages(node.name, 'account', async (page) =>
      unwrapData(await node.client.listMemberDevices(groupId, page, options)),
    )
  } catch (error) {
    // A node that cannot tell has answered the question itself: who the members are.
    if (error instanceof ClientError && error.status !== undefined) return []
    throw error
  }
}

function devicesIn({ account, devices }: JsonObject): { account: JsonValue | undefined; ids: readonly JsonValue[] } {
  const rows = (Array.isArray(devices) ? devices : []).filter(isJsonObject)
  return { account, ids: rows.flatMap(({ deviceId, signingKey }) => [deviceId ?? null, signingKey ?? null]) }
}
