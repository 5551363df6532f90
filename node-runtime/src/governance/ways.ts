// The ways by which a member has a group: its own row, or one above through open groups. Which of them a removal ends.
import type { AccountId, GroupId } from '../base/ids.ts'
import type { Removal } from './namespace-state.ts'

/** True when `account` loses what it has by `path`: from a group up to the one with the row that it rests on. */
export function endsWay({ groupId, how, kept }: Removal, path: readonly GroupId[], account: AccountId): boolean {
  if (kept?.includes(account) || isOfKeys(how) || how === 'not given') return false
  const at = path.indexOf(groupId)
  if (how === 'shut from above') return at >= 0 && at < path.length - 1
  if (how !== 'shut beneath') return at >= 0
  // Of a group: its default is not for those who have the group itself from above.
  return at > 0 && (kept === undefined || at === path.length - 1)
}

/** Only keys depend on it, and no delta does. */
export function isOfKeys(how: Removal['how']): boolean {
  return how === 'not attested' || how === 'void'
}

/** True when somebody may lose a group by it. `above`: the group and all above it. */
export function concernsGroup({ groupId, how }: Removal, above: readonly GroupId[]): boolean {
  return how === 'shut beneath' ? above.indexOf(groupId) > 0 : above.includes(groupId)
}
