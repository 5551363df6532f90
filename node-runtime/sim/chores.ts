// What an operator does beside the calls: groups that come, move, close and go, and members that describe themselves. None of
// it touches the shared context or who may write there.
import type { GroupId } from '../src/base/ids.ts'
import type { OpBody } from '../src/base/operations.ts'
import { govern } from '../src/context/namespaces/administration.ts'
import type { Node } from '../src/node.ts'
import type { SharedContext } from '../src/testing/test-nodes.ts'
import type { Draws } from './draws.ts'
import { CHORES, type Chore, type Fault, type Scenario } from './scenario.ts'

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
  { namespaceId, groupId: shared }: SharedContext,
  { chore, pick }: { chore: Chore; pick: number },
): Promise<void> {
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

interface Target {
  readonly groupId: GroupId
  readonly parentId: GroupId
  readonly account: Node['account']
  readonly pick: number
}

function bodyOf(chore: Exclude<Chore, 'group'>, { groupId, parentId, account, pick }: Target): OpBody {
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
