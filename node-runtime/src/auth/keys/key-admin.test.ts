// Keys cannot give away what they do not have, and the last administrator cannot lock everybody out.
import { beforeEach, expect, test } from 'vitest'
import type { Caller } from '../callers.ts'
import { PERMISSIONS_MAX } from '../limits.ts'
import { type AuthRoom, authRoom } from '../testing/auth-room.ts'

let room: AuthRoom
let ann: Caller

const nobody = { contextId: undefined, contextIdentity: undefined, nodeUrl: undefined, permissions: [] }
const bob = { method: 'user_password', publicKey: 'bob', data: { username: 'bob', password: 'password of bob' } }
const refused = (code: string) => expect.objectContaining({ code })

beforeEach(async () => {
  room = await authRoom()
  ann = await room.callerOf(await room.logIn())
})

test('a client key has what it was given for its context, and is revoked with its root key', async () => {
  const keys = room.auth.keys
  await keys.addRoot(ann, bob)
  const ofBob = await room.callerOf(await room.logIn('password of bob', { username: 'bob' }))
  const pair = await keys.addClient(ofBob, {
    ...nobody,
    contextId: 'c',
    contextIdentity: 'me',
    permissions: ['blob:list'],
  })
  const client = await room.callerOf(pair)
  expect(client.permissions).toEqual(['blob:list', 'context[c,me]'])
  expect(keys.clients()).toMatchObject([{ rootId: ofBob.keyId, id: client.keyId }])
  await keys.revokeRoot(ann, ofBob.keyId)
  await expect(room.callerOf(pair)).rejects.toEqual(refused('TOKEN_REVOKED'))
  expect(keys.clients()).toMatchObject([{ revokedAtMs: room.clock.nowMs() }])
})

test('a client key makes no keys and changes none, even one that may do everything', async () => {
  const { keys } = room.auth
  const client = await room.callerOf(await keys.addClient(ann, { ...nobody, permissions: ['admin'] }))
  const denied = refused('PERMISSION_DENIED')
  await expect(keys.addRoot(client, bob)).rejects.toEqual(denied)
  await expect(keys.addClient(client, nobody)).rejects.toEqual(denied)
  await expect(keys.changePermissions(client, client.keyId, { add: ['admin'], remove: [] })).rejects.toEqual(denied)
  expect(() => keys.revokeRoot(client, ann.keyId)).toThrow(denied)
  expect(keys.roots()).toHaveLength(1)
})

test('a root key that is no administrator gives nothing away, and its clients lose what it loses', async () => {
  const { keys } = room.auth
  const { id } = await keys.addRoot(ann, bob)
  const before = await room.callerOf(await room.logIn('password of bob', { username: 'bob' }))
  const pair = await keys.addClient(before, { ...nobody, permissions: ['context:list', 'blob'] })
  await keys.changePermissions(ann, id, { add: ['blob'], remove: ['admin'] })
  expect((await room.callerOf(pair)).permissions).toEqual(['blob'])
  const after = await room.callerOf(await room.logIn('password of bob', { username: 'bob' }))
  expect(after.permissions).toEqual(['blob'])
  await expect(keys.addClient(after, nobody)).rejects.toEqual(refused('PERMISSION_DENIED'))
  await expect(keys.changePermissions(after, id, { add: ['admin'], remove: [] })).rejects.toEqual(
    refused('PERMISSION_DENIED'),
  )
})

test('the last administrator stays', async () => {
  const { keys } = room.auth
  await expect(keys.revokeRoot(ann, ann.keyId)).rejects.toEqual(refused('LAST_ADMIN'))
  await expect(keys.changePermissions(ann, ann.keyId, { add: [], remove: ['admin'] })).rejects.toEqual(
    refused('LAST_ADMIN'),
  )
  await keys.addRoot(ann, bob)
  const both = await Promise.allSettled([
    keys.revokeRoot(ann, ann.keyId),
    keys.revokeRoot(ann, keys.roots().find(({ publicKey }) => publicKey === 'bob')?.id ?? ''),
  ])
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
})

test('a key that comes back after its end brings back none of its tokens', async () => {
  const { keys } = room.auth
  const { id } = await keys.addRoot(ann, bob)
  const old = await room.logIn('password of bob', { username: 'bob' })
  await expect(keys.addRoot(ann, bob)).rejects.toEqual(refused('KEY_EXISTS'))
  await keys.revokeRoot(ann, id)
  await expect(room.logIn('password of bob', { username: 'bob' })).rejects.toEqual(refused('CREDENTIALS_REJECTED'))
  await keys.addRoot(ann, bob)
  await expect(room.callerOf(old)).rejects.toEqual(refused('TOKEN_REVOKED'))
  await room.logIn('password of bob', { username: 'bob' })
})

test('what cannot be is said', async () => {
  const { keys } = room.auth
  const short = { ...bob, data: { username: 'bob', password: 'short' } }
  await expect(keys.addRoot(ann, short)).rejects.toThrow('8 to 128 characters')
  await expect(keys.addRoot(ann, { ...bob, method: 'magic' })).rejects.toThrow('auth_method is one of')
  await expect(keys.addRoot(ann, { method: 'ed25519', publicKey: 'no key', data: {} })).rejects.toEqual(
    refused('AUTH_INPUT'),
  )
  await expect(keys.addClient(ann, { ...nobody, permissions: ['root'] })).rejects.toEqual(refused('AUTH_INPUT'))
  await expect(
    keys.addClient(ann, { ...nobody, permissions: Array(PERMISSIONS_MAX + 1).fill('blob') }),
  ).rejects.toThrow()
  await expect(keys.revokeClient(ann, 'nobody')).rejects.toEqual(refused('KEY_NOT_FOUND'))
  expect(() => keys.permissionsOf('nobody')).toThrow(refused('KEY_NOT_FOUND'))
})

test('everything is there again after a restart', async () => {
  const pair = await room.auth.keys.addClient(ann, { ...nobody, permissions: ['blob'] })
  await room.auth.keys.revokeClient(ann, (await room.callerOf(pair)).keyId, ann.keyId)
  const again = await room.again()
  await expect(again.callerOf(pair)).rejects.toEqual(refused('TOKEN_REVOKED'))
  expect(again.auth.keys.clients()).toEqual(room.auth.keys.clients())
  await again.logIn()
})
