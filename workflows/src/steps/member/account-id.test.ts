import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../run/events.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'
import { base58OfHex } from '../../values/base58.ts'
import { MEMBER_PAGES_MAX } from '../limits.ts'
import { readPages } from './member-rows.ts'

const NOT_MEMBER = (account: string) =>
  `  - { type: assert_not_member, node: n-1, group_id: '{{namespace_id}}', account: '${account}' }`
const check = (account: string) => runYaml(withContext(NOT_MEMBER(account)))
const memberOf = (network: FixtureNetwork) => network.node('n-2').account

test('an account that is no member passes, one that is fails, however its digits are written', async () => {
  expect((await check('ab'.repeat(32))).failure?.message).toBeUndefined()
  const member = memberOf(new FixtureNetwork())
  expect((await check(member)).failure?.message).toContain('is a member')
  expect((await check(member.toUpperCase())).failure?.message).toContain('is a member')
})

test('what is no account id is refused, a public key with where the account is', async () => {
  const none = await check('garbage')
  expect([none.failure?.code, none.failure?.message]).toEqual([
    'invalid',
    expect.stringContaining('is no account id: that has 64 hex digits'),
  ])
  const key = await check(base58OfHex('cd'.repeat(32)) ?? expect.unreachable())
  expect(key.failure?.message).toContain('is a public key')
  expect(key.failure?.help).toContain('node_identity gives accountId')
})

test('the key of a member in hex is refused, with whose it is', async () => {
  const member = memberOf(new FixtureNetwork())
  const key = createHash('sha256').update(`key of ${member}`).digest('hex')
  const run = await check(key)
  expect([run.failure?.code, run.failure?.message]).toEqual([
    'invalid',
    `${key} is a key of member ${member}, and no account id`,
  ])
})

test('a node that does not tell of keys is believed', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').fail('GET', /member-devices/, { status: 404, body: { error: 'no such route' } })
  const run = await runYaml(withContext(NOT_MEMBER('ab'.repeat(32))), { network })
  expect(run.failure?.message).toBeUndefined()
})

describe('in a group with more members than a page has', () => {
  const OTHERS = 25
  const accountOf = (n: number) => n.toString(16).padStart(64, '0')
  const LAST = accountOf(OTHERS)

  /** The group has so many members more when the step looks. */
  async function checked(step: string, account: string) {
    const network = new FixtureNetwork()
    network.node('n-1').pageMax = 10
    const onEvent = (event: RunEvent) => {
      if (event.type !== 'step:start' || event.step.name !== 'check') return
      for (const { members } of network.groups.values()) {
        for (let n = 1; n <= OTHERS; n += 1) members.push({ identity: accountOf(n), role: 'Member' })
      }
    }
    const text = `  - { name: check, type: ${step}, node: n-1, group_id: '{{namespace_id}}', account: '${account}' }`
    return (await runYaml(withContext(text), { network, onEvent })).failure
  }

  test('the last one is a member', async () => {
    expect((await checked('assert_not_member', LAST))?.message).toContain(`${LAST} is a member, with the role Member`)
    expect((await checked('assert_tee_member', LAST))?.message).toContain('has the role Member, not ReadOnlyTee')
    expect((await checked('assert_not_member', accountOf(OTHERS + 1)))?.message).toBeUndefined()
  })

  test('the key of the last one is refused', async () => {
    const key = createHash('sha256').update(`key of ${LAST}`).digest('hex')
    expect((await checked('assert_not_member', key))?.message).toContain(`${key} is a key of member ${LAST}`)
  })
})

test('a list of members that comes to no end is a failure', async () => {
  let given = 0
  const endless = async () => {
    given += 1
    return { members: [{ identity: String(given) }] }
  }
  await expect(readPages('n-1', 'identity', endless)).rejects.toMatchObject({ code: 'assertion' })
  expect(given).toBe(MEMBER_PAGES_MAX)
})
