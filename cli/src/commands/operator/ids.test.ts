// Names that a node keeps, in the place of ids; and applications that are in use.
import { expect, test } from 'vitest'
import { pretendNode } from './testing/pretend-node.ts'

const at = pretendNode()
const on = (...args: string[]) => at.calbox(...args, '--node', at.url)
const routes = () => at.asked.map(({ route }) => route)

const APP = '8KK7QPFrfozMcRSsSpv37tKoML1YstsNbix8D1gr9WfP'
const CONTEXT = '4Mb2deLtaS7ApRdhh5ms1GuT2GtGKkKxDMakmd1C3YA2'
const LOOKUP = 'POST /admin-api/alias/lookup'

test('a name is looked up where an id is wanted, and what is an id is not', async () => {
  at.answers[`${LOOKUP}/context/mine`] = { data: { value: CONTEXT } }
  at.answers['POST /jsonrpc'] = { result: { output: 1 } }
  expect(await on('call', 'mine', 'get')).toBe('1\n')
  expect(at.asked.at(-1)?.body).toContain(`"contextId":"${CONTEXT}"`)
  await on('call', CONTEXT, 'get')
  await on('call', 'ab'.repeat(32), 'get')
  expect(routes().filter((route) => route.startsWith(LOOKUP))).toHaveLength(1)
})

test('names are taken for each context and application that a command asks for', async () => {
  at.answers[`${LOOKUP}/application/kv`] = { data: { value: APP } }
  at.answers[`${LOOKUP}/context/mine`] = { data: { value: CONTEXT } }
  at.answers['POST /admin-api/contexts'] = { data: { contextId: CONTEXT, memberPublicKey: 'k' } }
  await on('context', 'create', 'ab'.repeat(32), 'kv')
  expect(at.asked.at(-1)?.body).toContain(`"applicationId":"${APP}"`)
  at.answers[`GET /admin-api/blobs/${APP}?context_id=${CONTEXT}`] = { some: 'bytes' }
  await on('blob', 'get', APP, '--context', 'mine', '-o', 'file')
  await expect(on('events', '--context', 'theirs', '--json')).rejects.toMatchObject({ exitCode: 1 })
  expect(routes().at(-1)).toBe(`${LOOKUP}/context/theirs`)
})

test('what is neither an id nor a name is refused before anything is done, and it is said of which argument', async () => {
  at.answers[`${LOOKUP}/application/yy`] = { data: { value: null } }
  await expect(on('context', 'create', 'zz', 'yy')).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/"yy" is neither the id of an application nor a name/),
  })
  await expect(on('app', 'get', 'no/name')).rejects.toMatchObject({ exitCode: 2 })
  expect(routes()).toEqual([`${LOOKUP}/application/yy`])
})

test('names are given, listed and taken away', async () => {
  at.answers['POST /admin-api/alias/create/context'] = { data: null }
  expect(await on('alias', 'create', 'context', 'mine', CONTEXT)).toBe(`mine is context ${CONTEXT} on ${at.url}\n`)
  expect(JSON.parse(at.asked.at(-1)?.body ?? '')).toEqual({ alias: 'mine', contextId: CONTEXT })
  at.answers['GET /admin-api/alias/list/context'] = { data: { mine: CONTEXT } }
  at.answers['GET /admin-api/alias/list/application'] = { data: { kv: APP } }
  expect(await on('alias', 'list')).toMatch(
    new RegExp(`^NAME +KIND +ID *\\nmine +context +${CONTEXT}\\nkv +application +${APP}`),
  )
  at.answers[`${LOOKUP}/context/mine`] = { data: { value: CONTEXT } }
  at.answers['POST /admin-api/alias/delete/context/mine'] = { data: null }
  expect(await on('alias', 'remove', 'context', 'mine')).toBe(`mine is no longer context ${CONTEXT} on ${at.url}\n`)
  at.answers[`${LOOKUP}/context/other`] = { data: { value: null } }
  await expect(on('alias', 'remove', 'context', 'other')).rejects.toMatchObject({ exitCode: 2 })
  await expect(on('alias', 'create', 'blob', 'b', APP)).rejects.toThrow('there are context and application')
  await expect(on('alias', 'create', 'context', CONTEXT, CONTEXT)).rejects.toThrow('looks like an id')
})

test('an application that contexts run is removed with --force only, one that is not there not at all', async () => {
  at.answers[`DELETE /admin-api/applications/${APP}`] = { data: { applicationId: APP } }
  await expect(on('app', 'remove', APP)).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('`calbox app list` shows what there is'),
  })
  at.answers[`GET /admin-api/applications/${APP}`] = { data: { application: { id: APP } } }
  const users = `GET /admin-api/contexts/for-application/${APP}?limit=1000`
  at.answers[users] = { data: { contexts: [{ id: 'a' }, { id: 'b' }] } }
  await expect(on('app', 'remove', APP)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/2 contexts of .* run .*--force/),
  })
  expect(routes()).not.toContain(`DELETE /admin-api/applications/${APP}`)
  expect(await on('app', 'remove', APP, '--force')).toContain('is no longer installed')
  at.answers[users] = { data: { contexts: [] } }
  expect(await on('app', 'remove', APP)).toContain('is no longer installed')
})

test('a token that may remove applications and not read them does so with --force, and is told of it without', async () => {
  at.answers[`DELETE /admin-api/applications/${APP}`] = { data: { applicationId: APP } }
  at.answers[`GET /admin-api/applications/${APP}`] = 403
  at.headers = { 'x-auth-error': 'permission_denied' }
  const remove = `removing application ${APP} (looking up`
  await expect(on('app', 'remove', APP)).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(/HTTP 403 \(permission_denied\): because; --force removes it unseen; `calbox login/),
  })
  await expect(on('app', 'remove', APP)).rejects.toThrow(`${remove} whether it is there) on ${at.url}`)
  expect(await on('app', 'remove', APP, '--force')).toContain('is no longer installed')
  at.answers[`GET /admin-api/applications/${APP}`] = { data: { application: { id: APP } } }
  at.answers[`GET /admin-api/contexts/for-application/${APP}?limit=1000`] = 403
  await expect(on('app', 'remove', APP)).rejects.toThrow(`${remove} the contexts that run it) on ${at.url}`)
})

test('a token that is no good at all is no matter of --force', async () => {
  at.answers[`GET /admin-api/applications/${APP}`] = 403
  at.headers = { 'x-auth-error': 'token_revoked' }
  const refused = on('app', 'remove', APP, '--force')
  await expect(refused).rejects.toThrow(
    `removing application ${APP} on ${at.url}: the node answered HTTP 403 (token_revoked)`,
  )
  expect(routes()).toEqual([`GET /admin-api/applications/${APP}`])
})

test('that a name may not be looked up is said, with what needs no look-up', async () => {
  at.answers[`${LOOKUP}/context/shop`] = 403
  at.headers = { 'x-auth-error': 'permission_denied' }
  await expect(on('call', 'shop', 'get')).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('calling get in shop (looking up the name "shop") on'),
  })
  await expect(on('call', 'shop', 'get')).rejects.toThrow('; with the id of the context nothing is looked up; `calbox')
})
