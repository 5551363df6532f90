// What an operator does beside the calls: groups that come, move, close and go, members that describe themselves, and work
// on the shared group and context: admins, keys, proposals. None of it changes who may write there.

import { utf8 } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/base/hash.ts'
import { type GroupId, idFromBytes, type ProposalId } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import type { OpBody } from '../../src/base/operations.ts'
import { govern } from '../../src/context/namespaces/administration.ts'
import type { Node } from '../../src/node.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import type { SharedContext } from '../../src/testing/test-nodes.ts'
import type { Draws } from './draws.ts'
import { CHORES, type Chore, type Fault, type Scenario, SHARED_CHORES } from './scenario.ts'

const CHORES_MIN = 4
const CHORES_MAX = 12

/** All by the owner of the namespace, but for what members do of themselves. */
export function withChores(scenario: Scenario, draws: Draws): Scenario {
  const [owner = 'n0'] = scenario.nodes
  const lastMs = scenario.operations.at(-1)?.atMs ?? 0
  const faults = Array.from({ length: draws.whole(CHORES_MIN, CHORES_MAX) }, (_, index): Fault => {
    const chore = index < 2 ? 'group' : draws.pick(CHORES)
    const isOwn = chore === 'describe' || chore === 'follow'
    const node = isOwn ? draws.pick(scenario.nodes) : owner
    return { kind: 'chore', node, chore, pick: draws.whole(0, 1000), atMs: draws.whole(0, lastMs) }
  })
  return { ...scenario, faults: [...scenario.faults, ...faults], marks: [...(scenario.marks ?? []), 'chores'] }
}

/** Rejects where the log at hand has nothing to do it to, or rules against it. `pick` chooses among the groups. */
export async function doChore(
  node: Node,
  context: SharedContext,
  { chore, pick, staying }: { chore: Chore; pick: number; staying: readonly string[] },
): Promise<void> {
  const { namespaceId, groupId: shared } = context
  if (isShared(chore)) return doShared(node, context, { chore, pick, staying })
  const root = namespaceId as string as GroupId
  const { state } = node.namespaces.get(namespaceId)
  const groups = [...state.groups.keys()]
  const beneath = groups.filter((id) => id !== root && id !== shared)
  const groupId = beneath[pick % Math.max(1, beneath.length)]
  if (chore === 'group') {
    await node.namespaces.createGroup(groups[pick % groups.length] ?? root, {
      visibility: pick % 2 === 0 ? 'open' : 'restricted',
    })
    return
  }
  const at = chore === 'describe' || chore === 'follow' ? root : groupId
  if (at === undefined) throw new Error('there is no group yet')
  const parentId = groups[(pick * 7) % groups.length] ?? root
  await govern(node, at, bodyOf(chore, { groupId: at, parentId, account: node.account, pick }))
}

/** That so many are needed: what is so already, and more than propose at once. */
const ACTIONS = Uint8Array.of(1, 0, 0, 0, 2, 3, 0, 0, 0)

type SharedChore = (typeof SHARED_CHORES)[number]

function isShared(chore: Chore): chore is SharedChore {
  return SHARED_CHORES.some((each) => each === chore)
}

async function doShared(
  node: Node,
  { namespaceId, groupId, contextId }: SharedContext,
  { chore, pick, staying }: { chore: SharedChore; pick: number; staying: readonly string[] },
): Promise<void> {
  const namespace = node.namespaces.get(namespaceId)
  switch (chore) {
    case 'promote': {
      const account = accountOf(keysOf(staying[pick % staying.length] ?? '').identity.publicKey)
      await govern(node, groupId, { kind: 'role_set', groupId, account, role: 'Admin' })
      return
    }
    case 'rekey':
      await namespace.rotateKey(groupId)
      return
    case 'rename':
      await govern(node, groupId, { kind: 'metadata_set', groupId, name: `name ${pick}`, fields: [] })
      return
    case 'propose': {
      const proposalId = idFromBytes<ProposalId>(sha256(utf8(`proposal ${pick} of ${node.account}`)))
      await namespace.submit({ kind: 'proposal_made', contextId, proposalId, actions: ACTIONS })
      return
    }
    case 'approve': {
      const active = namespace.state.contexts.get(contextId)?.proposals?.active ?? []
      const proposal = active[pick % Math.max(1, active.length)]?.op
      if (proposal === undefined) throw new Error('nothing is proposed')
      await namespace.submit({ kind: 'proposal_approved', contextId, proposal })
    }
  }
}

interface Target {
  readonly groupId: GroupId
  readonly parentId: GroupId
  readonly account: Node['account']
  readonly pick: number
}

function bodyOf(chore: Exclude<Chore, 'group' | SharedChore>, { groupId, parentId, account, pick }: Target): OpBody {
  switch (chore) {
    case 'move':
      return { kind: 'group_moved', groupId, parentId }
    case 'open':
      return { kind: 'visibility_set', groupId, visibility: 'open' }
    case 'close':
      return { kind: 'visibility_set', groupId, visibility: 'restricted' }
    case 'delete':
      return { kind: 'group_deleted', groupId }
    case 'describe':
      return { kind: 'metadata_set', groupId, account, name: `name ${pick}`, fields: [] }
    case 'follow':
      return { kind: 'auto_follow_set', groupId, account, contexts: true, subgroups: pick % 2 === 0 }
  }
}
