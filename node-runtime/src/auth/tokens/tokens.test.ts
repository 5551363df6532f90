// Tokens that were not made here, or not like that: none of them is let in, and none says more than that.
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, UnsecuredJWT } from 'jose'
import { beforeEach, expect, test } from 'vitest'
import { memoryStore } from '../../store/memory.ts'
import { LEEWAY_SEC, SIGNING_ROTATION_MS, TOKEN_CHARS_MAX } from '../limits.ts'
import { type AuthRoom, authRoom, HOST } from '../testing/auth-room.ts'

let room: AuthRoom
let token: string
let header: Record<string, unknown>
let claims: Record<string, unknown>

beforeEach(async () => {
  room = await authRoom()
  token = (await room.logIn()).access_token
  header = { ...decodeProtectedHeader(token) }
  claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
})

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const ask = (text: string) =>
  room.auth.guard.check({ headers: { ...HOST, authorization: `Bearer ${text}` }, url: '/x', permission: 'token' })

/** As somebody would who guesses, or steals, a secret. */
function forged(secret: string | Uint8Array, over: object = {}, head: object = {}): string {
  const text = `${part({ ...header, ...head })}.${part({ ...claims, ...over })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

test('a token that was made here is let in', async () => {
  expect(await ask(token)).toMatchObject({ granted: true })
})

test('one without a signature, signed by another algorithm or by a secret that stands in it, is refused', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicPem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const rsText = `${part({ ...header, alg: 'RS256' })}.${part(claims)}`
  const rsToken = `${rsText}.${createSign('sha256').update(rsText).sign(rsa.privateKey, 'base64url')}`
  const jwk = { kty: 'oct', k: Buffer.from('mine').toString('base64url') }
  const bad = {
    none: new UnsecuredJWT(claims).encode(),
    'none, with its kid': `${part({ ...header, alg: 'none' })}.${part(claims)}.`,
    NONE: `${part({ ...header, alg: 'NONE' })}.${part(claims)}.`,
    'no signature': `${token.split('.').slice(0, 2).join('.')}.`,
    RS256: rsToken,
    'a public key as secret': forged(publicPem),
    HS512: forged('x', {}, { alg: 'HS512' }),
    'its own key': forged('mine', {}, { jwk }),
    'an empty secret': forged(''),
    'kid of nobody': forged('x', {}, { kid: '0000000000000000' }),
    'kid with a path': forged('', {}, { kid: '../../dev/null' }),
    'no kid': forged('x', {}, { kid: undefined }),
    'unknown critical header': forged('x', {}, { crit: ['b64'], b64: false }),
  }
  for (const [why, text] of Object.entries(bad)) {
    expect([why, await ask(text)]).toEqual([why, { granted: false, status: 401 }])
  }
})

test('one changed in any part is refused', async () => {
  const [head = '', body = '', signature = ''] = token.split('.')
  const changed = (text: string, at: number) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
  const bad = [
    ...[0, 5, head.length - 1].map((at) => [changed(head, at), body, signature]),
    ...[0, 20, body.length >> 1].map((at) => [head, changed(body, at), signature]),
    ...[0, 10, 30].map((at) => [head, body, changed(signature, at)]),
    [head, part({ ...claims, permissions: ['admin', 'blob'] }), signature],
  ].map((parts) => parts.join('.'))
  for (const text of ['', '.', '..', 'a.b.c', 'ä.ö.ü', `${token}.x`, `${token}A`, '\u0000', ...bad]) {
    expect([text, await ask(text)]).toEqual([text, { granted: false, status: 401 }])
  }
})

test('one of another node, and one for another audience, is refused', async () => {
  const other = await authRoom({ issuer: 'other' }, { store: memoryStore() })
  const same = await room.again({ issuer: 'other' })
  expect(await ask((await other.logIn()).access_token)).toEqual({ granted: false, status: 401 })
  // The same secrets, another audience.
  expect(await ask((await same.logIn()).access_token)).toEqual({ granted: false, status: 401 })
})

test('one that is too long is not read', async () => {
  expect(await ask('a'.repeat(TOKEN_CHARS_MAX + 1))).toEqual({ granted: false, status: 401 })
  await expect(room.auth.callers.of('a'.repeat(TOKEN_CHARS_MAX + 1), HOST)).rejects.toThrow(/characters/)
})

test('one ends on time, give or take the difference of clocks, and says so', async () => {
  room.clock.advanceSec(3600 + LEEWAY_SEC - 1)
  // The second time it is known.
  expect([await ask(token), await ask(token)]).toMatchObject([{ granted: true }, { granted: true }])
  room.clock.advanceSec(1)
  expect(await ask(token)).toEqual({ granted: false, status: 401, reason: 'token_expired' })
  // Who cannot sign does not learn that much.
  expect(await ask(forged('x', { exp: 1 }))).toEqual({ granted: false, status: 401 })
})

test('one that is known as good is refused all the same once its login has ended', async () => {
  const pair = await room.logIn()
  expect(await ask(pair.access_token)).toMatchObject({ granted: true })
  await room.auth.resetAdmin({ username: 'ann', password: 'another password' })
  expect(await ask(pair.access_token)).toEqual({ granted: false, status: 403, reason: 'token_revoked' })
  expect(await ask(`${pair.access_token.slice(0, -1)}${pair.access_token.endsWith('A') ? 'E' : 'A'}`)).toEqual({
    granted: false,
    status: 401,
  })
})

test('a refresh token opens nothing but a refresh', async () => {
  expect(await ask((await room.logIn()).refresh_token)).toEqual({ granted: false, status: 401 })
})

test('the secret changes by itself and by hand, and tokens of older ones are good until they end', async () => {
  const kid = (text: string) => decodeProtectedHeader(text).kid
  const { refresh_token: old } = await room.logIn()
  room.clock.advanceSec(SIGNING_ROTATION_MS / 1000 - 1800)
  const before = await room.logIn()
  expect(kid(before.access_token)).toBe(kid(old))
  room.clock.advanceSec(1800)
  const after = await room.logIn()
  expect(kid(after.access_token)).not.toBe(kid(old))
  expect([await ask(before.access_token), await ask(after.access_token)]).toMatchObject([
    { granted: true },
    { granted: true },
  ])
  await Promise.all([room.auth.rotateSigningSecret(), room.auth.rotateSigningSecret()])
  const last = await room.logIn()
  expect(new Set([old, after.access_token, last.access_token].map(kid)).size).toBe(3)
  const again = await room.again()
  for (const each of [before, after, last]) await again.callerOf(each)
})

test('after a restart all tokens are as good as before; under another identity the secrets do not open', async () => {
  const again = await room.again()
  expect(await again.auth.callers.of(token, HOST)).toMatchObject({ permissions: ['admin'] })
  const text = JSON.stringify(await entriesOf(room))
  expect(text).not.toContain('correct horse')
})

async function entriesOf({ store }: AuthRoom): Promise<string[]> {
  const found: string[] = []
  for await (const [, value] of store.entries({ gte: Uint8Array.of(0), lt: Uint8Array.of(255) })) {
    found.push(Buffer.from(value).toString())
  }
  return found
}
