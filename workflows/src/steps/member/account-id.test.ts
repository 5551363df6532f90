import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'
import { base58OfHex } from '../../values/base58.ts'

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
