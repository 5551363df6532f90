// What operator commands say of refusals: why, as far as the node tells, and what to do.
import { expect, test } from 'vitest'
import { pretendNode } from './testing/pretend-node.ts'

const at = pretendNode()
const failed = (...args: string[]) => at.calbox(...args, '--node', at.url)
const CONTEXT = '8KK7QPFrfozMcRSsSpv37tKoML1YstsNbix8D1gr9WfP'

test.each([
  ['login', '--username', 'ann', '--password', 'right'],
  ['app', 'list', '--username', 'ann', '--password', 'right'],
])('%s on a node that has no login says that it asks for none', async (...args) => {
  for (const status of [404, 405]) {
    at.answers['POST /auth/token'] = status
    await expect(failed(...args)).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/this node asks nobody to log in \(auth_mode: proxy/),
    })
  }
})

test.each([
  [401, 'token_expired', ['--token', 'x'], 'HTTP 401 (token_expired); the token that was given has expired'],
  [401, '', ['--token', 'x'], 'HTTP 401; the token that was given is not good'],
  [401, 'token_expired', [], 'HTTP 401 (token_expired); log in with `calbox login'],
  [403, 'token_revoked', [], 'HTTP 403 (token_revoked); the login or its key was ended; log in again'],
  [403, 'invalid_node', [], 'HTTP 403 (invalid_node); the token was made for another address; `calbox login'],
  [403, 'permission_denied', [], 'HTTP 403 (permission_denied); `calbox login'],
])('%i with X-Auth-Error %s says so', async (status, reason, args, says) => {
  at.refusal = ''
  at.headers = reason === '' ? {} : { 'x-auth-error': reason }
  at.answers['GET /admin-api/contexts'] = status
  await expect(failed('context', 'list', ...args)).rejects.toThrow(says)
})

test('what a header says is shown only where it is a word', async () => {
  at.refusal = ''
  at.headers = { 'x-auth-error': 'sorry, not today' }
  at.answers['GET /admin-api/contexts'] = 401
  await expect(failed('context', 'list')).rejects.toThrow('HTTP 401; log in')
})

test('a wrong password is said once', async () => {
  at.refusal = 'Authentication failed: unknown name or wrong password'
  at.answers['POST /auth/token'] = 401
  await expect(failed('login', '--username', 'ann', '--password', 'x')).rejects.toThrow(
    /unknown name or wrong password$/,
  )
})

test('a context that the node does not know is named, with where to look', async () => {
  at.answers['POST /jsonrpc'] = { error: { type: 'ContextNotFound' } }
  await expect(failed('call', CONTEXT, 'get')).rejects.toThrow(
    `knows no context ${CONTEXT}; \`calbox context list\` shows what there is`,
  )
})

test('a call that the token does not cover says so', async () => {
  const reason = 'the permissions of the caller’s token do not cover context:execute[c,,set]'
  at.answers['POST /jsonrpc'] = { error: { type: 'Unauthorized', data: { context_id: 'c', public_key: 'k', reason } } }
  await expect(failed('call', CONTEXT, 'set')).rejects.toThrow(reason)
})

test.each([
  ['app', 'install', '/nope/app.wasm'],
  ['blob', 'put', '/nope/app.wasm'],
])('%s %s of a file that is not there is wrong usage, with the cause', async (...args) => {
  await expect(failed(...args)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('cannot read /nope/app.wasm: there is no such file (ENOENT)'),
  })
  expect(at.asked).toEqual([])
})

test.each(['ftp://host', 'htp:/host', '127.0.0.1:2528'])('%s is no address of a node, and it is said', async (text) => {
  await expect(at.calbox('health', '--node', text)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining(`${JSON.stringify(text)} is no address; write it as http://host:port`),
  })
})
