// Renewal: when, by whom, how often; and what happens to a family of tokens of which one comes twice.
import { beforeEach, describe, expect, test } from 'vitest'
import { EARLY_REFRESH_SEC, SESSIONS_PER_KEY_MAX } from './limits.ts'
import type { TokenPair } from './sessions.ts'
import { ANN, type AuthRoom, authRoom, HOST } from './testing/auth-room.ts'

let room: AuthRoom
let pair: TokenPair

beforeEach(async () => {
  room = await authRoom()
  pair = await room.logIn()
})

const renew = (tokens: TokenPair, headers = HOST) => room.auth.sessions.refresh(tokens, headers)
const refused = (code: string) => expect.objectContaining({ code })
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'let in',
    (error: { code: string }) => error.code,
  )

test('a pair is renewed once its access token is about to end or has ended, not before', async () => {
  await expect(renew(pair)).rejects.toThrow('Access token still valid')
  room.clock.advanceSec(3600 - EARLY_REFRESH_SEC - 1)
  await expect(renew(pair)).rejects.toEqual(refused('TOKEN_STILL_VALID'))
  room.clock.advanceSec(1)
  const second = await renew(pair)
  expect(await room.callerOf(second)).toMatchObject({ permissions: ['admin'] })
  room.clock.advanceSec(20 * 24 * 3600)
  const third = await renew(second)
  expect(await room.callerOf(third)).toMatchObject({ permissions: ['admin'] })
  room.clock.advanceSec(31 * 24 * 3600)
  await expect(renew(third)).rejects.toEqual(refused('TOKEN_INVALID'))
})

test('a refresh token that comes a second time ends the whole family, and no other', async () => {
  const other = await room.logIn()
  room.clock.advanceSec(3600)
  const second = await renew(pair)
  await expect(renew(pair)).rejects.toEqual(refused('TOKEN_REUSED'))
  await expect(room.callerOf(second)).rejects.toEqual(refused('TOKEN_REVOKED'))
  room.clock.advanceSec(3600)
  await expect(renew(second)).rejects.toEqual(refused('TOKEN_REVOKED'))
  await renew(other)
})

test('a login that is ended by its refresh token is over, used or not, and no other', async () => {
  const other = await room.logIn()
  room.clock.advanceSec(3600)
  const second = await renew(pair)
  await expect(room.auth.sessions.end(second.access_token)).rejects.toEqual(refused('TOKEN_INVALID'))
  await room.auth.sessions.end(pair.refresh_token)
  await expect(room.callerOf(second)).rejects.toEqual(refused('TOKEN_REVOKED'))
  await room.auth.sessions.end(second.refresh_token)
  room.clock.advanceSec(3600)
  await expect(renew(second)).rejects.toEqual(refused('TOKEN_REVOKED'))
  await renew(other)
})

test('of many renewals at once exactly one is made', async () => {
  room.clock.advanceSec(3600)
  const seen = await Promise.all(Array.from({ length: 20 }, () => codeOf(renew(pair))))
  expect(seen.filter((each) => each === 'let in')).toHaveLength(1)
  expect(new Set(seen)).toEqual(new Set(['let in', 'TOKEN_REUSED', 'TOKEN_REVOKED']))
})

test('the replay of a client key revokes it; a root key stays', async () => {
  const client = await room.auth.keys.addClient(await room.callerOf(pair), {
    contextId: 'c',
    contextIdentity: undefined,
    permissions: [],
    nodeUrl: undefined,
  })
  room.clock.advanceSec(3600)
  await renew(client)
  await expect(renew(client)).rejects.toEqual(refused('TOKEN_REUSED'))
  expect(room.auth.keys.clients()).toMatchObject([{ revokedAtMs: room.clock.nowMs() }])
  await room.logIn()
})

test('tokens of two logins, and two of one kind, are no pair', async () => {
  const other = await room.logIn()
  room.clock.advanceSec(3600)
  for (const tokens of [
    { access_token: pair.access_token, refresh_token: other.refresh_token },
    { access_token: pair.refresh_token, refresh_token: pair.refresh_token },
    { access_token: pair.access_token, refresh_token: pair.access_token },
    { access_token: '', refresh_token: pair.refresh_token },
    { access_token: pair.access_token, refresh_token: 'a.b.c' },
  ]) {
    await expect(renew(tokens)).rejects.toEqual(refused('TOKEN_INVALID'))
  }
  await renew(pair)
})

test('a used token is still known as used after a restart', async () => {
  room.clock.advanceSec(3600)
  const second = await renew(pair)
  const again = await room.again()
  await expect(again.auth.sessions.refresh(pair, HOST)).rejects.toEqual(refused('TOKEN_REUSED'))
  await expect((await room.again()).callerOf(second)).rejects.toEqual(refused('TOKEN_REVOKED'))
})

test('a renewed pair has the permissions of today', async () => {
  const admin = await room.callerOf(pair)
  const bob = await room.auth.keys.addRoot(admin, {
    method: 'user_password',
    publicKey: 'bob',
    data: { username: 'bob', password: 'password of bob' },
  })
  const ofBob = await room.logIn('password of bob', { username: 'bob' })
  await room.auth.keys.changePermissions(admin, bob.id, { add: ['blob', 'context:list'], remove: ['admin'] })
  // What it says is more than what its key has.
  expect((await room.callerOf(ofBob)).permissions).toEqual([])
  room.clock.advanceSec(3600)
  expect((await room.callerOf(await renew(ofBob))).permissions).toEqual(['blob', 'context:list'])
})

test('the oldest login of a key ends where there are too many', async () => {
  const key = room.auth.keys.roots()[0]
  if (key === undefined) throw new Error('ann has a key')
  for (let count = 1; count < SESSIONS_PER_KEY_MAX; count += 1) {
    room.clock.advanceSec(0.001)
    await room.auth.sessions.begin(key, undefined)
  }
  await room.callerOf(pair)
  room.clock.advanceSec(0.001)
  const last = await room.logIn()
  await expect(room.callerOf(pair)).rejects.toEqual(refused('TOKEN_REVOKED'))
  await room.callerOf(last)
})

describe('tokens of a client that named its address', () => {
  const at = (host: string, more = {}) => ({ headers: { host, authorization: '', ...more } })

  test.each([
    ['http://127.0.0.1:2528', '127.0.0.1:2528', true],
    ['http://127.0.0.1:2528', 'localhost:2528', true],
    ['http://localhost:2528/', '127.0.0.1:2529', false],
    ['https://node.example', 'node.example', true],
    ['https://node.example', 'other.example', false],
    ['https://node.example', 'auth:3001', true],
    ['mero-js-sdk', 'anything.example', true],
    ['file:///etc', 'anything.example', true],
  ])('%s at %s: %s', async (clientName, host, good) => {
    const { access_token } = await room.logIn(ANN.password, { clientName })
    const { headers } = at(host, { authorization: `Bearer ${access_token}` })
    const answer = await room.auth.guard.check({ headers, url: '/', permission: 'admin' })
    expect(answer).toMatchObject(good ? { granted: true } : { granted: false, status: 403, reason: 'invalid_node' })
  })

  test('are compared with what a proxy says, and with the config above all', async () => {
    const clientName = 'https://node.example'
    const bound = await room.logIn(ANN.password, { clientName })
    const proxied = { host: '10.0.0.1', 'x-forwarded-host': 'node.example' }
    await room.auth.callers.of(bound.access_token, proxied)
    const configured = await room.again({ nodeHost: 'fixed.example' })
    await expect(configured.auth.callers.of(bound.access_token, proxied)).rejects.toEqual(
      refused('TOKEN_OF_OTHER_NODE'),
    )
    room.clock.advanceSec(3600)
    await expect(renew(bound, { host: 'other.example' } as never)).rejects.toEqual(refused('TOKEN_OF_OTHER_NODE'))
    await renew(bound, proxied as never)
  })
})
