// Keys of groups: how a new one comes into force. Which one is in force is read in `namespace-snapshot.ts`.
import { toHex } from '../../base/bytes.ts'
import { GROUP_KEYS_MAX } from '../limits.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import type { GroupKeyRecord } from '../namespace-state.ts'
import type { GroupRecord } from '../snapshot-parts.ts'
import type { Rule } from './rule.ts'

/** Any writer may: it has the key, and the first to write after a removal must not wait for an admin. */
export const keyRotated: Rule<'key_rotated'> = {
  refusal(state, { body: { groupId, keyId, covers } }, account) {
    const group = state.groups.get(groupId)
    if (group === undefined) return 'no such group'
    const role = state.roleIn(groupId, account)
    if (role !== 'Admin' && role !== 'Member') return 'the author may not write in the group'
    // It would never fit, and would be named and handed on without limit.
    if (toHex(covers) !== toHex(state.removalsDigest(groupId))) return 'the key does not cover the removals before it'
    const keys = fitting(state, group)
    if (keys.length >= GROUP_KEYS_MAX) return `a group has at most ${GROUP_KEYS_MAX} keys that fit`
    return keys.some((key) => key.keyId === keyId) ? 'the group has this key' : undefined
  },
  effect(state, { body: { groupId, keyId, covers } }) {
    const group = state.groups.get(groupId)
    // A key fits from the first or never: what is lost once is in the digest for good.
    if (group === undefined || toHex(covers) !== toHex(state.removalsDigest(groupId))) return state
    const keys = fitting(state, group)
    // Of many that did not see each other the first in order fit.
    if (keys.length >= GROUP_KEYS_MAX || keys.some((key) => key.keyId === keyId)) return state
    return state.withGroup({ ...group, keys: [...keys, { keyId, covers: toHex(covers) }] })
  },
}

/** All that a group has, or none: they cover the same. */
function fitting(state: NamespaceSnapshot, { id, keys }: GroupRecord): readonly GroupKeyRecord[] {
  return keys.at(-1)?.covers === toHex(state.removalsDigest(id)) ? keys : []
}
