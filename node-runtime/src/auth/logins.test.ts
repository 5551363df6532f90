// Login under attack: guesses are few, slow and all alike from outside; nothing secret is said or logged.
import { beforeEach, describe, expect, test } from 'vitest'
import { toBase58, utf8 } from '../base/bytes.ts'
import { idBase58 } from '../base/ids.ts'
import { signingKeyFromSeed } from '../base/keys.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import {
  CHALLENGE_MS,
  CHECKED_WITHIN_SEC,
  FAILURE_WINDOW_MS,
  FAILURES_PER_ACCOUNT,
  FAILURES_PER_ACCOUNT_ANYWHERE,
  FAILURES_PER_ADDRESS,
  HASHES_AT_ONCE,
  HASHES_WAITING_MAX,
} from './limits.ts'
import { PasswordHasher } from './providers/password-hash.ts'
import { ANN, type AuthRoom, authRoom, CHEAP, HOST } from './testing/auth-room.ts'

let room: AuthRoom

beforeEach(async () => {
  room = await authRoom()
})

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'in',
    (error: { code: string }) => error.code,
  )
const WINDOW_SEC = FAILURE_WINDOW_MS / 1000

describe('guessing', () => {
  test('stops after a few tries, at once or one by one, also for who knows the password by then', async () => {
    const tries = Array.from({ length: 50 }, (_, index) => codeOf(room.logIn(`guess ${index}`)))
    const seen = await Promise.all(tries)
    expect(seen.filter((code) => code === 'CREDENTIALS_REJECTED')).toHaveLength(FAILURES_PER_ACCOUNT)
    expect(await codeOf(room.logIn())).toBe('TOO_MANY_ATTEMPTS')
    room.clock.advanceSec(WINDOW_SEC - 1)
    expect(await codeOf(room.logIn())).toBe('TOO_MANY_ATTEMPTS')
    // What was refused did not count.
    room.clock.advanceSec(2)
    expect(await codeOf(room.logIn())).toBe('in')
  })

  test('is not who logs in many times at once: one too many comes again in a moment', async () => {
    const all = await Promise.all(
      Array.from({ length: FAILURES_PER_ACCOUNT + 1 }, () =>
        room.logIn().then(
          () => 'in',
          ({ code, data }) => [code, data],
        ),
      ),
    )
    expect(all).toEqual([
      ...Array.from({ length: FAILURES_PER_ACCOUNT }, () => 'in'),
      ['TOO_MANY_ATTEMPTS', { retryAfterSec: CHECKED_WITHIN_SEC }],
    ])
    expect(await codeOf(room.logIn())).toBe('in')
  })

  test('for ever, from wherever it comes, shuts nobody out of a name that has logged in from elsewhere', async () => {
    const home = '192.0.2.1'
    expect(await codeOf(room.logIn(ANN.password, { address: home }))).toBe('in')
    const seen: string[] = []
    for (let index = 0; index < FAILURES_PER_ACCOUNT_ANYWHERE + 20; index += 1) {
      seen.push(await codeOf(room.logIn('wrong guess', { address: `198.51.100.${index % 20}` })))
    }
    // All of them together have so many, however many they are.
    expect(seen.filter((code) => code === 'CREDENTIALS_REJECTED')).toHaveLength(FAILURES_PER_ACCOUNT_ANYWHERE)
    expect(await codeOf(room.logIn(ANN.password, { address: '203.0.113.9' }))).toBe('TOO_MANY_ATTEMPTS')
    expect(await codeOf(room.logIn(ANN.password, { address: home }))).toBe('in')
  })

  test('of many names from one network stops, too, and leaves others alone', async () => {
    const guess = (index: number, address: string) =>
      codeOf(room.logIn('wrong guess', { username: `u${index}`, address }))
    const seen: string[] = []
    for (let index = 0; index < FAILURES_PER_ADDRESS + 5; index += 1) {
      seen.push(await guess(index, `2001:db8:1:2:${index.toString(16)}::1`))
    }
    expect(seen.filter((code) => code === 'CREDENTIALS_REJECTED')).toHaveLength(FAILURES_PER_ADDRESS)
    expect(await codeOf(room.logIn(ANN.password, { address: '2001:db8:1:2::9' }))).toBe('TOO_MANY_ATTEMPTS')
    expect(await codeOf(room.logIn(ANN.password, { address: '2001:db8:1:3::9' }))).toBe('in')
  })

  test('of other names from one address leaves the account that has logged in from there its own tries', async () => {
    expect(await codeOf(room.logIn())).toBe('in')
    for (let index = 0; index < FAILURES_PER_ADDRESS + 5; index += 1) {
      await codeOf(room.logIn('wrong guess', { username: `u${index}` }))
    }
    expect(await codeOf(room.logIn('wrong guess', { username: 'one more' }))).toBe('TOO_MANY_ATTEMPTS')
    for (let index = 1; index < FAILURES_PER_ACCOUNT; index += 1) {
      expect(await codeOf(room.logIn('wrong guess'))).toBe('CREDENTIALS_REJECTED')
    }
    expect(await codeOf(room.logIn())).toBe('in')
    for (let index = 0; index < FAILURES_PER_ACCOUNT; index += 1) {
      expect(await codeOf(room.logIn('wrong guess'))).toBe('CREDENTIALS_REJECTED')
    }
    expect(await codeOf(room.logIn())).toBe('TOO_MANY_ATTEMPTS')
  })

  test('of another account’s name in the other field counts for the account that is tried', async () => {
    for (let index = 0; index < FAILURES_PER_ACCOUNT; index += 1) {
      const data = { username: ANN.username, password: 'wrong guess' }
      const request = { method: 'user_password', publicKey: `x${index}`, clientName: 't', address: '10.0.0.1', data }
      expect(await codeOf(room.auth.logins.logIn(request))).toBe('CREDENTIALS_REJECTED')
    }
    expect(await codeOf(room.logIn(ANN.password, { address: '10.0.0.1' }))).toBe('TOO_MANY_ATTEMPTS')
    expect(await codeOf(room.logIn())).toBe('in')
  })

  test('is not hindered by logins that succeed, but those do not use it up either', async () => {
    for (let index = 0; index < 100; index += 1) expect(await codeOf(room.logIn())).toBe('in')
  })

  test('says the same of a name that there is not, and hashes all the same', async () => {
    const messages = await Promise.all(
      [room.logIn('wrong guess'), room.logIn('wrong guess', { username: 'nobody' })].map((each) =>
        each.catch((error: Error) => error.message),
      ),
    )
    expect(new Set(messages).size).toBe(1)
    const hasher = new PasswordHasher(seededRandom('h'), CHEAP)
    const turn = { isKnown: false, who: '10.0.0.1' }
    const busy = Array.from({ length: HASHES_AT_ONCE + HASHES_WAITING_MAX }, () => hasher.matches('x', undefined, turn))
    await expect(hasher.matches('x', undefined, turn)).rejects.toMatchObject({ code: 'AUTH_BUSY' })
    expect(new Set(await Promise.all(busy))).toEqual(new Set([false]))
    const stored = await hasher.hash('x')
    expect(await hasher.matches('x', stored, turn)).toBe(true)
  })

  test('from many addresses at once keeps no account waiting where it has logged in from, and nobody from elsewhere for all', async () => {
    expect(await codeOf(room.logIn())).toBe('in')
    const guesses = Array.from({ length: 2 * HASHES_WAITING_MAX }, (_, index) =>
      codeOf(room.logIn('wrong guess', { username: `u${index}`, address: `127.0.0.${2 + (index % 3)}` })),
    )
    const known = codeOf(room.logIn())
    const newcomer = codeOf(room.logIn(ANN.password, { address: '203.0.113.9' }))
    expect([await known, await newcomer]).toEqual(['in', 'in'])
    const seen = await Promise.all(guesses)
    const looked = HASHES_AT_ONCE + HASHES_WAITING_MAX - 1
    expect(seen.filter((code) => code === 'CREDENTIALS_REJECTED')).toHaveLength(looked)
    expect(seen.filter((code) => code === 'AUTH_BUSY')).toHaveLength(seen.length - looked)
  })

  test('leaves no password, name or token in logs and errors', async () => {
    const pair = await room.logIn()
    const errors: unknown[] = []
    for (const [password, username] of [
      ['secret guess', 'secret name'],
      ['', 'ann'],
      ['x'.repeat(200), 'ann'],
    ] as const) {
      await room.logIn(password, { username }).catch((error) => errors.push(error.message, error.data))
    }
    await room.auth.callers.of(`${pair.access_token}x`, HOST).catch((error) => errors.push(error.message, error.data))
    await room.auth.sessions.refresh(pair, HOST).catch((error) => errors.push(error.message, error.data))
    const text = JSON.stringify([room.log.entries, errors])
    for (const secret of ['secret', ANN.password, pair.access_token, pair.refresh_token])
      expect(text).not.toContain(secret)
    expect(errors).toHaveLength(10)
  })
})

test('nobody becomes an administrator by coming first', async () => {
  const empty = await authRoom({ empty: true })
  expect(await codeOf(empty.logIn())).toBe('CREDENTIALS_REJECTED')
  expect(empty.auth.hasRoot()).toBe(false)
  expect(await empty.auth.addFirstAdmin(ANN)).toBe(true)
  expect(await empty.auth.addFirstAdmin({ username: 'eve', password: 'password of eve' })).toBe(false)
  await empty.logIn()
  expect(await codeOf(empty.logIn('password of eve', { username: 'eve' }))).toBe('CREDENTIALS_REJECTED')
})

test('a password hash is brought up to the figures of today at the next login', async () => {
  const costlier = await room.again({ scrypt: { ...CHEAP, cost: 32 } })
  await costlier.logIn()
  expect(costlier.auth.keys.roots()).toMatchObject([{ password: { cost: 32 } }])
  expect(await codeOf((await room.again({ scrypt: { ...CHEAP, cost: 32 } })).logIn())).toBe('in')
})

test('a reset lets one name in again and everybody else of it out', async () => {
  const pair = await room.logIn()
  const nobody = { contextId: undefined, contextIdentity: undefined, nodeUrl: undefined }
  const client = await room.auth.keys.addClient(await room.callerOf(pair), { ...nobody, permissions: ['blob'] })
  await room.auth.resetAdmin({ username: ANN.username, password: 'another password' })
  expect(await codeOf(room.callerOf(pair))).toBe('TOKEN_REVOKED')
  expect(await codeOf(room.callerOf(client))).toBe('TOKEN_INVALID')
  expect([await codeOf(room.logIn()), await codeOf(room.logIn('another password'))]).toEqual([
    'CREDENTIALS_REJECTED',
    'in',
  ])
})

describe('a wallet', () => {
  const key = signingKeyFromSeed(new Uint8Array(32).fill(3))
  const publicKey = idBase58(key.publicKey)
  const challenge = () => room.auth.challenge?.() ?? { challenge: '', message: '' }
  const logIn = (data: Record<string, unknown>, who = publicKey) =>
    room.auth.logins.logIn({ method: 'ed25519', publicKey: who, clientName: 't', address: '10.0.0.2', data })
  const signed = ({ challenge: text, message }: { challenge: string; message: string }, by = key) => ({
    challenge: text,
    signature: toBase58(by.sign(utf8(message))),
  })

  beforeEach(async () => {
    const admin = await room.callerOf(await room.logIn())
    await room.auth.keys.addRoot(admin, { method: 'ed25519', publicKey, data: {} })
  })

  test('that signs the challenge is in: as the owner of the node while it may do everything, then as that member', async () => {
    const pair = await logIn(signed(challenge()))
    const caller = await room.callerOf(pair)
    expect(caller).toMatchObject({ member: undefined, permissions: ['admin'] })
    const ann = await room.callerOf(await room.logIn())
    const less = { add: ['context'], remove: ['admin'] }
    await room.auth.keys.changePermissions(ann, caller.keyId, less)
    const again = await room.callerOf(await logIn(signed(challenge())))
    expect(again).toMatchObject({ member: key.publicKey, permissions: ['context'] })
    const { challenge: text, message } = challenge()
    const hex = Buffer.from(key.sign(utf8(message))).toString('hex')
    await logIn({ challenge: text, signature: hex }, key.publicKey)
    const third = challenge()
    const base64 = Buffer.from(key.sign(utf8(third.message))).toString('base64')
    await logIn({ challenge: third.challenge, signature: base64 })
  })

  test('is refused with what it used before, too late, of another process, or by another key', async () => {
    const used = signed(challenge())
    await logIn(used)
    expect(await codeOf(logIn(used))).toBe('CREDENTIALS_REJECTED')
    const late = signed(challenge())
    room.clock.advanceSec(CHALLENGE_MS / 1000)
    expect(await codeOf(logIn(late))).toBe('CREDENTIALS_REJECTED')
    room.clock.advanceSec(WINDOW_SEC + 1)
    const foreign = signed((await room.again()).auth.challenge?.() ?? challenge())
    const mallory = signingKeyFromSeed(new Uint8Array(32).fill(4))
    const longer = challenge()
    const [nonce, until = '', tag] = longer.challenge.split('.')
    const stretched = `${nonce}.${Number(until) + 1e9}.${tag}`
    const bad = [
      foreign,
      signed(challenge(), mallory),
      signed({ challenge: stretched, message: longer.message.replace(longer.challenge, stretched) }),
      { ...signed(challenge()), signature: '' },
      { challenge: 7, signature: 7 },
    ]
    for (const data of bad) {
      room.clock.advanceSec(WINDOW_SEC + 1)
      expect(await codeOf(logIn(data))).toBe('CREDENTIALS_REJECTED')
    }
    expect(await codeOf(logIn(signed(challenge(), mallory), idBase58(mallory.publicKey)))).toBe('CREDENTIALS_REJECTED')
  })

  test('at once with the same answer gets in once', async () => {
    const answer = signed(challenge())
    const seen = await Promise.all(Array.from({ length: 4 }, () => codeOf(logIn(answer))))
    expect(seen.filter((code) => code === 'in')).toHaveLength(1)
  })
})
