// What members say of themselves in their signed heads.
import { expect, it } from 'vitest'
import type { ContextId, RootHash } from '../../base/ids.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { signHeads } from '../../wire/gossip.ts'
import { Frontier } from './frontier.ts'

it('of who may only read the latest counts, and that it says something else is news', () => {
  const [self, reader] = [1, 2].map((fill) => signingKeyFromSeed(new Uint8Array(32).fill(fill)))
  if (!self || !reader) throw new Error('no keys')
  const contextId = '11'.repeat(32) as ContextId
  const authority = { mayWrite: () => false, mayRead: () => true }
  const parts = { record: { id: contextId }, authority, identity: self, nowMs: () => 10_000, acknowledged: [] }
  const frontier = new Frontier(parts as unknown as ConstructorParameters<typeof Frontier>[0])
  const said = (hlc: bigint, version: number) => {
    const facts = { contextId, heads: [], root: '22'.repeat(32) as RootHash, removals: new Uint8Array(32) }
    return signHeads({ ...facts, state: { version }, hlc }, reader)
  }
  const [first, same, later] = [said(1n, 2), said(2n, 2), said(3n, 3)]
  // It vouches for nothing.
  expect(frontier.take(first)).toBe(false)
  expect([frontier.beatOf(reader.publicKey), frontier.heardOfStates()]).toEqual([first, true])
  frontier.take(same)
  expect(frontier.heardOfStates()).toBe(false)
  frontier.take(later)
  expect(frontier.heardOfStates()).toBe(true)
  frontier.take(first)
  expect([frontier.beatOf(reader.publicKey), frontier.heardOfStates()]).toEqual([later, false])
})
