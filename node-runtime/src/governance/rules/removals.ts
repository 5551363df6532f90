// What was accepted from a removed member where the removal itself does not say it: the word of those who were there.
import { accountOf } from '../../base/keys.ts'
import { contextsOf, isSettled, refusalOfWord, withWord } from '../removal-pins.ts'
import type { Rule } from './rule.ts'

/**
 * Any writer of a context who was a member before the removal may say what it had accepted; all that was accepted by one
 * of them counts. Its cut knows of the removal, so the removed member is none of them.
 */
export const removalPinned: Rule<'removal_pinned'> = {
  refusal(state, { author, body: { account, removal: op, pinned } }) {
    const removal = state.removalsOf(account).find((known) => known.op === op)
    if (removal === undefined) return 'no such removal'
    const member = state.memberOf(author)
    if (member === undefined || member.joinedHlc >= removal.hlc) return 'the author has come after the removal'
    if (accountOf(author) === account) return 'nobody says of itself what was accepted'
    const ids = contextsOf(pinned)
    if (ids.length === 0) return 'it pins nothing'
    for (const id of ids) {
      if (!state.canWrite(id, author)) return 'it pins what is not the author’s to write'
      if (!state.removalsIn(id).some(([, known]) => known.op === op)) return 'the removal is not from there'
      if (isSettled(removal, id)) return 'whoever removed the member has said it'
    }
    return refusalOfWord(removal, accountOf(author), pinned)
  },
  effect(state, { body: { account, removal: op, pinned } }, author) {
    const removals = state.removalsOf(account)
    if (!removals.some((known) => known.op === op)) return state
    const changed = removals.map((known) => (known.op === op ? withWord(known, author, pinned) : known))
    return state.with({ removals: state.parts.removals.set(account, changed) })
  },
}
