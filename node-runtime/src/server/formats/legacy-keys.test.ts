import { expect, test } from 'vitest'
import { withLegacyKeys } from './legacy-keys.ts'

test('fields have their old names beside the new ones', () => {
  expect(withLegacyKeys({ data: { contexts: [{ id: 'c', contextStateHash: 'h', name: 'n' }] } }, 'me')).toEqual({
    data: { contexts: [{ id: 'c', contextStateHash: 'h', rootHash: 'h', name: 'n', alias: 'n' }] },
  })
  expect(withLegacyKeys({ data: { subgroupVisibility: 'open' } }, 'me')).toEqual({
    data: { subgroupVisibility: 'open', defaultVisibility: 'open' },
  })
})

test('members are under their old name, with the account that asks', () => {
  const members = [{ identity: 'a', role: 'Admin' }]
  expect(withLegacyKeys({ members }, 'me')).toEqual({ members, data: members, selfIdentity: 'me' })
})

test('a number beyond 2^53 stays one', () => {
  const answer = { result: { session_id: JSON.rawJSON('18446744073709551615') } }
  expect(JSON.stringify(withLegacyKeys(answer, 'me'))).toBe('{"result":{"session_id":18446744073709551615}}')
})

test('what has none of them stays as it is', () => {
  for (const answer of [{ data: null }, { data: [1, 'a', null] }, { count: 0 }]) {
    expect(withLegacyKeys(answer, 'me')).toEqual(answer)
  }
})
