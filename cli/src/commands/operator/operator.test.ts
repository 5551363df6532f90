// Operator commands against a pretend node that answers what it is told to.
import { createHash } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ClientError, type LocalNode } from '@calbox/workflows'
import { expect, test } from 'vitest'
import { createProgram } from '../../program.ts'
import type { CommandEdge } from '../command-edge.ts'
import { operatorError } from './operator-error.ts'
import { chooseNode } from './target/choose-node.ts'
import { remoteTarget } from './target/open-node.ts'
import { type Asked, pretendNode } from './testing/pretend-node.ts'

const at = pretendNode()
const { calbox, bothOf } = at
const APP = '8KK7QPFrfozMcRSsSpv37tKoML1YstsNbix8D1gr9WfP'
const CONTEXT = '4Mb2deLtaS7ApRdhh5ms1GuT2GtGKkKxDMakmd1C3YA2'

test('what a foreign node says is shown, never obeyed by the terminal', async () => {
  at.answers['GET /admin-api/applications'] = 400
  at.refusal = '\u001b]0;pwned\u0007\u001b[2Jboo'
  await expect(calbox('app', 'list', '--node', at.url)).rejects.toThrow('answered HTTP 400: ␛]0;pwned␇␛[2Jboo')
  at.answers['POST /admin-api/install-application'] = { data: { applicationId: '\u001b[2Ja' } }
  expect(await calbox('app', 'install', 'http://127.0.0.1:1/a.wasm', '--node', at.url)).toContain('␛[2Ja\ninstalled on')
})

test.each([
  ['app install http://127.0.0.1:1/a.wasm', 'POST /admin-api/install-application', { data: { applicationId: 'id' } }],
  [`namespace create ${APP}`, 'POST /admin-api/namespaces', { data: { namespaceId: 'id' } }],
  ['group create ns', 'POST /admin-api/namespaces/ns/groups', { data: { groupId: 'id' } }],
  [`context create ns ${APP}`, 'POST /admin-api/contexts', { data: { contextId: 'id', memberPublicKey: 'k' } }],
  ['blob put file', 'PUT /admin-api/blobs', { data: { blob_id: 'id', size: 1 } }],
])('%s prints the id alone for who reads its output, and says beside it what it is', async (command, route, answer) => {
  writeFileSync(path.join(at.cwd, 'file'), 'x')
  at.answers[route] = answer
  const { out, err } = await bothOf(...command.split(' '), '--node', at.url)
  expect(out).toBe('id\n')
  expect(err).toMatch(/^.*(installed on|namespace of|group of|context of|blob of).*\n$/m)
})

test('a list is a table, and with --json what the node answered', async () => {
  const apps = [{ id: APP, size: 16943, source: 'file:///a\u001b[31m.wasm' }]
  at.answers['GET /admin-api/applications'] = { data: { apps } }
  const table = await calbox('app', 'list', '--node', at.url)
  expect(table.split('\n')[0]).toMatch(/^APPLICATION +PACKAGE +VERSION +SIZE +SOURCE$/)
  expect(table).toContain('16.5 KiB')
  // Names are of others: the terminal does not obey them.
  expect(table).toContain('a␛[31m.wasm')
  expect(JSON.parse(await calbox('app', 'list', '--node', at.url, '--json'))).toEqual({ apps })
})

test('a call sends what the step sends, numbers exact, and prints what the method returned', async () => {
  at.answers['POST /jsonrpc'] = { jsonrpc: '2.0', id: '1', result: { output: { n: 1 } } }
  expect(await calbox('call', CONTEXT, 'get', '{"n": 18446744073709551615}', '--node', at.url)).toBe('{\n  "n": 1\n}\n')
  expect(at.asked[0]?.body).toBe(
    `{"jsonrpc":"2.0","id":"1","method":"execute","params":{"contextId":"${CONTEXT}","method":"get","argsJson":{"n":18446744073709551615}}}`,
  )
  for (const wrong of ['{"n":', '[1]', '7']) {
    await expect(calbox('call', CONTEXT, 'get', wrong, '--node', at.url)).rejects.toMatchObject({ exitCode: 2 })
  }
  expect(at.asked).toHaveLength(1)
})

test('a call as somebody the node does not call as is refused before it is made', async () => {
  at.answers[`GET /admin-api/contexts/${CONTEXT}/identities-owned`] = { data: { identities: ['mine'] } }
  at.answers['POST /jsonrpc'] = { result: { output: null } }
  await expect(calbox('call', CONTEXT, 'get', '--as', 'other', '--node', at.url)).rejects.toThrow('it calls as mine')
  expect(await calbox('call', CONTEXT, 'get', '--as', 'mine', '--node', at.url)).toBe('null\n')
})

test('a failure says what was tried where, what was answered and what to do', async () => {
  const failed = (...args: string[]) => calbox(...args, '--node', at.url)
  await expect(failed('app', 'get', APP)).rejects.toMatchObject({
    exitCode: 1,
    message: `reading application ${APP} on ${at.url}: the node answered HTTP 404: because; \`calbox app list\` shows what there is`,
  })
  at.answers['GET /admin-api/blobs'] = 401
  await expect(failed('blob', 'list')).rejects.toThrow(`log in with \`calbox login --node ${at.url}\``)
  await expect(failed('blob', 'list', '--token', 'x')).rejects.toThrow('the token that was given is not good')
  at.answers['POST /jsonrpc'] = { error: { type: 'FunctionCallError', data: 'boom' } }
  await expect(failed('call', CONTEXT, 'f')).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('boom'),
  })
  await expect(calbox('app', 'list', '--node', 'http://127.0.0.1:9')).rejects.toMatchObject({ exitCode: 3 })
})

test('an argument that is empty is refused: it would ask for something else', async () => {
  await expect(calbox('context', 'delete', '', '--node', at.url)).rejects.toMatchObject({
    code: 'commander.invalidArgument',
  })
  expect(at.asked).toEqual([])
})

test('an invitation names the namespace to join, as text, from a file or the standard input', async () => {
  const invitation = { invitation: { invitation: { group_id: Array(32).fill(171) }, inviter_signature: 'ff' } }
  const join = `POST /admin-api/namespaces/${'ab'.repeat(32)}/join`
  at.answers[join] = { data: { namespaceId: 'ab' } }
  at.typed = JSON.stringify(invitation)
  expect(await calbox('namespace', 'join', at.typed, '--node', at.url)).toContain('is in namespace ab')
  await calbox('namespace', 'join', '-', '--node', at.url)
  expect(at.asked.map(({ route }) => route)).toEqual([join, join])
  await expect(calbox('namespace', 'join', '{}', '--node', at.url)).rejects.toThrow('this is no invitation')
  await expect(calbox('namespace', 'join', '@nowhere', '--node', at.url)).rejects.toThrow('ENOENT')
})

function answerLogins(): void {
  let made = 0
  const tokens = () => {
    made += 1
    return { data: { access_token: `access ${made}`, refresh_token: `refresh ${made}` } }
  }
  at.answers['POST /auth/token'] = ({ body }: Asked) => (body.includes('right') ? tokens() : 401)
  at.answers['POST /auth/refresh'] = tokens
}

test('a login is kept for that node in a file of one’s own, and forgotten', async () => {
  answerLogins()
  at.answers['GET /admin-api/blobs'] = ({ token }: Asked) => (token === 'access 1' ? { data: { blobs: [] } } : 401)
  const login = ['login', '--node', at.url, '--username', 'ann', '--password-stdin']
  at.typed = 'wrong\n'
  await expect(calbox(...login)).rejects.toThrow('name or password is wrong')
  at.typed = 'right\n'
  expect(await calbox(...login)).toBe(
    `ann is logged in on ${at.url}; the tokens are in ~/.config/calbox/credentials.json\n`,
  )
  const file = path.join(at.cwd, '.config/calbox/credentials.json')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'utf8')).not.toContain('right')
  expect(await calbox('blob', 'list', '--node', at.url)).toBe('no blob is here\n')
  chmodSync(file, 0o640)
  await expect(calbox('blob', 'list', '--node', at.url)).rejects.toMatchObject({ exitCode: 3 })
  chmodSync(file, 0o600)
  at.answers['POST /auth/logout'] = { data: null }
  expect(await calbox('logout', '--node', at.url)).toBe(`the login on ${at.url} has ended, and is forgotten\n`)
  expect(at.asked.at(-1)).toMatchObject({ route: 'POST /auth/logout', body: '{"refresh_token":"refresh 1"}' })
  await expect(calbox('blob', 'list', '--node', at.url)).rejects.toThrow('log in with')
})

test('a login and its end are JSON where that is asked for', async () => {
  at.answers['POST /auth/token'] = () => ({ data: { access_token: 'access 1', refresh_token: 'refresh 1' } })
  at.answers['POST /auth/logout'] = { data: null }
  at.typed = 'secret\n'
  const where = ['--node', at.url, '--json']
  expect(JSON.parse((await bothOf('login', ...where, '--username', 'ann', '--password-stdin')).out)).toEqual({
    node: at.url,
    url: at.url,
    username: 'ann',
    credentials: path.join(at.cwd, '.config/calbox/credentials.json'),
  })
  const text = `the login on ${at.url} has ended, and is forgotten`
  expect(JSON.parse((await bothOf('logout', ...where)).out)).toEqual([{ node: at.url, ended: true, text }])
  expect(JSON.parse((await bothOf('logout', '--all', '--json')).out)).toEqual([])
})

test.each([
  ['app', 'list'],
  ['health'],
  ['events', '--context', CONTEXT],
  ['login', '--username', 'ann', '--password', 'wrong'],
])('a failure of %s under --json is one line of JSON beside the answer', async (...args) => {
  at.answers['GET /admin-api/applications'] = 401
  at.answers['GET /admin-api/health'] = 401
  at.answers['POST /auth/token'] = 401
  await expect(bothOf(...args, '--node', at.url, '--json')).rejects.toMatchObject({
    exitCode: expect.any(Number),
    message: '',
  })
  expect(at.said.out).toBe('')
  expect(at.said.err.split('\n')).toHaveLength(2)
  expect(JSON.parse(at.said.err)).toEqual({
    error: { code: expect.stringMatching(/^(REFUSED|UNREACHABLE)$/), message: expect.stringContaining(at.url) },
  })
})

test('a connection that ended with its token says to log in again', () => {
  const ended = new ClientError('NETWORK', 'the WebSocket was closed with code 1008 (token_expired)', {
    method: 'GET',
    url: at.url,
  })
  const target = remoteTarget(at.url)
  const { signal } = new AbortController()
  const edge = {
    cwd: at.cwd,
    env: at.env,
    signal,
    stdin: at.stdin(),
    stdout: { write: () => true },
    stderr: { write: () => true },
  }
  const error = operatorError(ended, { doing: 'following the events', target, options: {}, edge })
  expect(error).toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringMatching(/the node ended it \(token_expired\); log in with `calbox login/),
  })
})

test('a login that the node cannot end is forgotten all the same, and it is said', async () => {
  answerLogins()
  at.typed = 'right'
  await calbox('login', '--node', at.url, '--username', 'ann', '--password-stdin')
  expect(await calbox('logout', '--all')).toContain('the node has no logout, so its tokens stay good there')
  expect(await calbox('logout', '--all')).toBe('nobody was logged in\n')
})

/** A text frame of a server. */
const frame = (value: object) => {
  const text = Buffer.from(JSON.stringify(value))
  return Buffer.concat([Buffer.from([0x81, text.length]), text])
}

test('events go on where the node comes back, and it is said', async () => {
  const controller = new AbortController()
  let [out, connections] = ['', 0]
  at.server.on('upgrade', ({ headers }, socket) => {
    connections += 1
    controller.signal.addEventListener('abort', () => socket.destroy())
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade'
    socket.write(`${switching}\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`)
    socket.once('data', () => {
      socket.write(frame({ id: 1, result: { contextIds: [CONTEXT], groupIds: [] } }))
      socket.write(frame({ id: null, result: { contextId: 'c', type: 'T', data: { n: connections } } }))
      if (connections === 1) socket.end()
    })
    socket.on('error', () => undefined)
  })
  const write = (text: string) => {
    out += text
    if (out.includes('"n":2')) controller.abort(new Error('Ctrl-C'))
  }
  const edge: CommandEdge = {
    cwd: at.cwd,
    stdout: { write },
    stderr: { write },
    stdin: at.stdin(),
    signal: controller.signal,
    env: at.env,
  }
  const args = ['events', '--context', CONTEXT, '--node', at.url, '--json']
  await createProgram('1.0.0', edge).parseAsync(args, { from: 'user' })
  expect(out.split('\n')).toEqual([
    expect.stringContaining('watching 1 context'),
    expect.stringContaining('"n":1'),
    expect.stringMatching(/^calbox: following the events .*; trying again until Ctrl-C$/),
    expect.stringContaining('watching again; what happened meanwhile is not shown'),
    expect.stringContaining('watching 1 context'),
    expect.stringContaining('"n":2'),
    '',
  ])
})

test('who asks for a blob without a context is told that other members may have it', async () => {
  const get = (...more: string[]) => calbox('blob', 'get', 'x', '-o', 'got', '--node', at.url, ...more)
  const there = 'because; `calbox blob list` shows what there is'
  await expect(get()).rejects.toMatchObject({
    message: `getting blob x on ${at.url}: the node answered HTTP 404: ${there}; what only another member has is fetched with --context: the context whose members have it`,
  })
  await expect(get('--context', CONTEXT)).rejects.toMatchObject({
    message: expect.stringMatching(/shows what there is$/),
  })
})

test('a blob replaces no file that is there, unless told to', async () => {
  at.answers['GET /admin-api/blobs/b'] = { some: 'bytes' }
  const file = path.join(at.cwd, 'mine')
  writeFileSync(file, 'kept')
  await expect(calbox('blob', 'get', 'b', '-o', 'mine', '--node', at.url)).rejects.toThrow('--force')
  expect(readFileSync(file, 'utf8')).toBe('kept')
  await calbox('blob', 'get', 'b', '-o', 'mine', '--force', '--node', at.url)
  expect(readFileSync(file, 'utf8')).toBe('{"some":"bytes"}')
  await calbox('blob', 'get', 'b', '-o', 'other', '--node', at.url)
  expect(readdirSync(at.cwd).toSorted()).toEqual(['mine', 'other'])
})

test('a token that was renewed is kept: the one that renewed it is good once', async () => {
  answerLogins()
  at.typed = 'right'
  await calbox('login', '--node', at.url, '--username', 'ann', '--password-stdin')
  at.answers['GET /admin-api/blobs'] = ({ token }: Asked) => (token === 'access 2' ? { data: { blobs: [] } } : 401)
  // Both are refused with the same token; one of them renews it, and the other one takes what it got.
  await Promise.all([calbox('blob', 'list', '--node', at.url), calbox('blob', 'list', '--node', at.url)])
  await calbox('blob', 'list', '--node', at.url)
  expect(at.asked.filter(({ route }) => route === 'POST /auth/refresh')).toHaveLength(1)
})

function node(name: string, more: Partial<LocalNode> = {}, startedAt = '1', network = 'net'): LocalNode {
  const record = { name, network, startedAt, process: { pid: 7, startId: '' } }
  return { record: record as LocalNode['record'], status: 'running', url: '', ...more }
}

test('a node is named, or the only one of the last run', () => {
  const [old, one, two] = [node('old', {}, '1', 'before'), node('n-1', {}, '2'), node('n-2', {}, '2')]
  expect(chooseNode([old, one], undefined)).toBe(one)
  expect(chooseNode([old, one, two], 'old')).toBe(old)
  expect(() => chooseNode([old, one, two], undefined)).toThrow('which node? n-1, n-2 run here')
  expect(() => chooseNode([one, two], 'n-3', () => 'did you mean "n-2"?')).toThrow(
    'did you mean "n-2"? there are n-1, n-2',
  )
  expect(() => chooseNode([], undefined)).toThrow('no node is running here')
  expect(() => chooseNode([node('n-1', { status: 'stopped' })], 'n-1')).toThrow('does not run')
})

test('an address is one of a node: no user, no query, nothing but http', () => {
  expect(remoteTarget('https://host:8443/base/')).toMatchObject({ url: 'https://host:8443/base', isLocal: false })
  expect(remoteTarget('http://[::1]:2528').isLocal).toBe(true)
  for (const wrong of ['http://u:p@host', 'http://host?x', 'http://', 'https://host#x']) {
    expect(() => remoteTarget(wrong)).toThrow(expect.objectContaining({ exitCode: 2 }))
  }
})
