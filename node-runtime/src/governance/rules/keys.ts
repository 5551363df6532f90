// Keys of groups: how a new one comes into force. Which one is in force is read in `namespace-snapshot.ts`.
import { toHex } from '../../base/bytes.ts'
import { GROUP_KEYS_MAX } from '../limits.ts'
import type { Rule } from './rule.ts'

/** Any writer may: it has the key, and the first to write after a removal must not wait for an admin. */
export const keyRotated: Rule<'key_rotated'> = {
  refusal(state, { body: { groupId, keyId, covers } }, account) {
    const group = state.groups.get(groupId)
    if (group === undefined) return 'no such group'
    const role = state.roleIn(groupId, account)
    if (role !== 'Admin' && role !== 'Member') return 'the author may not write in the group'
    if (toHex(covers) !== toHex(state.removalsDigest(groupId))) return 'it does not cover the removals before it'
    if (group.keys.length >= GROUP_KEYS_MAX) return `a group has at most ${GROUP_KEYS_MAX} keys`
    return group.keys.some((key) => key.keyId === keyId) ? 'the group has had this key' : undefined
  },
  effect(state, { body: { groupId, keyId, covers } }) {
    const group = state.groups.get(groupId)
    if (group === undefined || group.keys.some((key) => key.keyId === keyId)) return state
    return state.withGroup({ ...group, keys: [...group.keys, { keyId, covers: toHex(covers) }] })
  },
}
