// Whose last word counts on after a removal, and until when.
import { expect, it } from 'vitest'
import { type AccountId, type ContextId, idFromBytes, type OpId } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { Removal } from '../../governance/namespace-state.ts'
import { keysOf } from '../../testing/test-node.ts'
import { Losses } from './losses.ts'

const CONTEXT = idFromBytes<ContextId>(new Uint8Array(32))
const publicKeyOf = (name: string) => keysOf(name).identity.publicKey
const [ADA, BOB, CYD] = [publicKeyOf('ada'), publicKeyOf('bob'), publicKeyOf('cyd')]
const ALL = [ADA, BOB, CYD]

const wordOf = (by: string, ...heads: string[]) => ({ by, pinned: { [CONTEXT]: heads } })
const removal = (op: string, more: object = {}) => ({ op: op.repeat(32) as OpId, ...more }) as unknown as Removal

/** `hear`: from now on these are the removals, each of an account. */
function losses() {
  let removals: (readonly [AccountId, Removal])[] = []
  let turn = 0
  const members = new Set([accountOf(BOB)])
  const authority = {
    removalsNow: () => {
      const [all, known] = [removals, new Set(members)]
      return { judgement: Uint8Array.of(turn), all: () => all, isMember: (account: AccountId) => known.has(account) }
    },
  }
  const all = new Losses({ record: { id: CONTEXT }, authority } as unknown as ConstructorParameters<typeof Losses>[0])
  const hear = (counted: readonly (typeof ADA)[], ...next: Removal[]) => {
    removals = next.map((each) => [accountOf(BOB), each])
    turn += 1
    return all.hear(counted)
  }
  return { all, hear, members }
}

it('who was removed counts until all who count have acknowledged something since, each when it can', () => {
  const { all, hear } = losses()
  hear(ALL)
  for (const each of ALL) all.acknowledged(each)
  expect(hear(ALL, removal('11'))).toBe('more')
  all.settle([ADA, CYD])
  expect([all.counted, all.takeFrom(BOB), all.takeFrom(ADA)]).toEqual([[BOB], true, false])
  all.acknowledged(ADA)
  // Another one, of whom nobody counted: the first is as far as it was.
  expect(hear([ADA, CYD], removal('11'), removal('22'))).toBe('more')
  all.acknowledged(CYD)
  all.settle([ADA, CYD])
  expect([all.counted, all.takeFrom(BOB)]).toEqual([[], true])
  all.acknowledged(ADA)
  all.settle([ADA, CYD])
  expect(all.takeFrom(BOB)).toBe(false)
})

it('at first nobody has acknowledged anything without all that is known, and nobody is waited for', () => {
  const { all, hear } = losses()
  expect(hear(ALL, removal('11'))).toBe('more')
  expect([all.counted, all.takeFrom(BOB)]).toEqual([[], false])
})

it.each<[string, 'more' | 'less', Removal[], Removal[]]>([
  ['a word', 'more', [removal('11')], [removal('11', { said: [wordOf('ada', 'a1')] })]],
  [
    'a longer word',
    'more',
    [removal('11', { said: [wordOf('ada', 'a1')] })],
    [removal('11', { said: [wordOf('ada', 'a1', 'b2')] })],
  ],
  ['a word that is void', 'less', [removal('11', { said: [wordOf('ada', 'a1')] })], [removal('11')]],
  [
    'a word that is another one now',
    'less',
    [removal('11', { said: [wordOf('ada', 'a1')] })],
    [removal('11', { said: [wordOf('ada', 'b2')] })],
  ],
  ['a removal that is void', 'less', [removal('11')], []],
  ['a group that is taken from others', 'less', [removal('11', { kept: ['11'] })], [removal('11', { kept: ['22'] })]],
])('what was acknowledged before %s: %s', (_, expected, before, after) => {
  const { hear } = losses()
  hear(ALL)
  hear(ALL, ...before)
  expect(hear(ALL, ...after)).toBe(expected)
})

it('where all is looked at anew nobody is waited for besides', () => {
  const { all, hear } = losses()
  hear(ALL)
  hear(ALL, removal('11'))
  hear(ALL)
  expect([all.counted, all.takeFrom(BOB)]).toEqual([[], false])
})

it('nothing is stable for a while where somebody has lost the context who was not known the last time, not where a group is taken from many', () => {
  const { all, hear, members } = losses()
  members.clear()
  hear(ALL)
  hear(ALL, removal('11', { how: 'lowered', pinned: { [CONTEXT]: [] } }))
  // Whoever removed had it, and has said all there is to say.
  expect([all.areBlind, all.takeFrom(BOB), all.counted]).toEqual([false, false, [BOB]])
  members.add(accountOf(BOB))
  hear(ALL, removal('11', { how: 'lowered', pinned: { [CONTEXT]: [] } }))
  members.clear()
  const known = [removal('11', { how: 'lowered', pinned: { [CONTEXT]: [] } }), removal('22')]
  hear(ALL, ...known)
  expect([all.areBlind, all.takeFrom(BOB)]).toEqual([false, true])
  hear(ALL, ...known, removal('33'))
  expect(all.areBlind).toBe(true)
  for (const each of [ADA, CYD]) all.acknowledged(each)
  all.settle([ADA, CYD])
  expect([all.areBlind, all.takeFrom(BOB)]).toEqual([false, false])
  hear(ALL, ...known, removal('33'), removal('44', { kept: [accountOf(ADA)] }))
  expect([all.areBlind, all.takeFrom(ADA), all.takeFrom(BOB), all.counted]).toEqual([false, false, true, [BOB, CYD]])
})
