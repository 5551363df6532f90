// Operator commands against a pretend node that answers what it is told to.
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { ClientError, type LocalNode } from '@calbox/workflows'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createProgram } from '../../program.ts'
import type { CommandEdge } from '../command-edge.ts'
import { operatorError } from './operator-error.ts'
import { chooseNode } from './target/choose-node.ts'
import { remoteTarget } from './target/open-node.ts'

interface Asked {
  readonly route: string
  readonly body: string
  readonly token: string | undefined
}

let server: Server
let url: string
let cwd: string
let asked: Asked[]
/** `GET /path` → what it answers; a number is a status. */
let answers: Record<string, unknown>
let refusal: string
let env: Record<string, string>

beforeEach(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), 'calbox-operator-'))
  asked = []
  answers = {}
  refusal = 'because'
  env = { HOME: cwd }
  server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += String(piece)
    const route = `${request.method} ${request.url}`
    asked.push({ route, body, token: request.headers.authorization?.replace('Bearer ', '') })
    const known = answers[route]
    const answer = typeof known === 'function' ? known(asked.at(-1)) : (known ?? 404)
    if (typeof answer === 'number') response.writeHead(answer).end(JSON.stringify({ error: refusal }))
    else response.writeHead(200).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(cwd, { recursive: true, force: true })
})

/** Of what was said until then. */
let said = { out: '', err: '' }

async function calbox(...args: string[]): Promise<string> {
  const { out, err } = await bothOf(...args)
  return out + err
}

/** What comes on the standard output, and beside it. */
async function bothOf(...args: string[]): Promise<{ out: string; err: string }> {
  said = { out: '', err: '' }
  const to = (which: 'out' | 'err') => ({
    write: (text: string) => {
      said[which] += text
    },
  })
  const { signal } = new AbortController()
  const edge: CommandEdge = { cwd, stdout: to('out'), stderr: to('err'), stdin: stdin(), signal, env }
  const program = createProgram('1.0.0', edge).configureOutput({ writeErr: () => {} })
  for (const command of program.commands)
    for (const each of [command, ...command.commands]) each.configureOutput({ writeErr: () => {} })
  await program.parseAsync(args, { from: 'user' })
  return said
}

let typed = ''
function stdin() {
  const stream = new PassThrough()
  stream.end(typed)
  return stream
}

test('what a foreign node says is shown, never obeyed by the terminal', async () => {
  answers['GET /admin-api/applications'] = 400
  refusal = '\u001b]0;pwned\u0007\u001b[2Jboo'
  await expect(calbox('app', 'list', '--node', url)).rejects.toThrow('answered HTTP 400: ␛]0;pwned␇␛[2Jboo')
  answers['POST /admin-api/install-application'] = { data: { applicationId: '\u001b[2Ja' } }
  expect(await calbox('app', 'install', 'http://127.0.0.1:1/a.wasm', '--node', url)).toContain('␛[2Ja\ninstalled on')
})

test.each([
  ['app install http://127.0.0.1:1/a.wasm', 'POST /admin-api/install-application', { data: { applicationId: 'id' } }],
  ['namespace create app', 'POST /admin-api/namespaces', { data: { namespaceId: 'id' } }],
  ['group create ns', 'POST /admin-api/namespaces/ns/groups', { data: { groupId: 'id' } }],
  ['context create ns app', 'POST /admin-api/contexts', { data: { contextId: 'id', memberPublicKey: 'k' } }],
  ['blob put file', 'PUT /admin-api/blobs', { data: { blob_id: 'id', size: 1 } }],
])('%s prints the id alone for who reads its output, and says beside it what it is', async (command, route, answer) => {
  writeFileSync(path.join(cwd, 'file'), 'x')
  answers[route] = answer
  const { out, err } = await bothOf(...command.split(' '), '--node', url)
  expect(out).toBe('id\n')
  expect(err).toMatch(/^.*(installed on|namespace of|group of|context of|blob of).*\n$/m)
})

const APP = '8KK7QPFrfozMcRSsSpv37tKoML1YstsNbix8D1gr9WfP'

test('a list is a table, and with --json what the node answered', async () => {
  const apps = [{ id: APP, size: 16943, source: 'file:///a\u001b[31m.wasm' }]
  answers['GET /admin-api/applications'] = { data: { apps } }
  const table = await calbox('app', 'list', '--node', url)
  expect(table.split('\n')[0]).toMatch(/^APPLICATION +PACKAGE +VERSION +SIZE +SOURCE$/)
  expect(table).toContain('16.5 KiB')
  // Names are of others: the terminal does not obey them.
  expect(table).toContain('a␛[31m.wasm')
  expect(JSON.parse(await calbox('app', 'list', '--node', url, '--json'))).toEqual({ apps })
})

test('a call sends what the step sends, numbers exact, and prints what the method returned', async () => {
  answers['POST /jsonrpc'] = { jsonrpc: '2.0', id: '1', result: { output: { n: 1 } } }
  expect(await calbox('call', 'ctx', 'get', '{"n": 18446744073709551615}', '--node', url)).toBe('{\n  "n": 1\n}\n')
  expect(asked[0]?.body).toBe(
    '{"jsonrpc":"2.0","id":"1","method":"execute","params":{"contextId":"ctx","method":"get","argsJson":{"n":18446744073709551615}}}',
  )
  for (const wrong of ['{"n":', '[1]', '7']) {
    await expect(calbox('call', 'ctx', 'get', wrong, '--node', url)).rejects.toMatchObject({ exitCode: 2 })
  }
  expect(asked).toHaveLength(1)
})

test('a call as somebody the node does not call as is refused before it is made', async () => {
  answers['GET /admin-api/contexts/ctx/identities-owned'] = { data: { identities: ['mine'] } }
  answers['POST /jsonrpc'] = { result: { output: null } }
  await expect(calbox('call', 'ctx', 'get', '--as', 'other', '--node', url)).rejects.toThrow('it calls as mine')
  expect(await calbox('call', 'ctx', 'get', '--as', 'mine', '--node', url)).toBe('null\n')
})

test('a failure says what was tried where, what was answered and what to do', async () => {
  const failed = (...args: string[]) => calbox(...args, '--node', url)
  await expect(failed('app', 'get', APP)).rejects.toMatchObject({
    exitCode: 1,
    message: `reading application ${APP} on ${url}: the node answered HTTP 404: because; \`calbox app list\` shows what there is`,
  })
  answers['GET /admin-api/blobs'] = 401
  await expect(failed('blob', 'list')).rejects.toThrow(`log in with \`calbox login --node ${url}\``)
  await expect(failed('blob', 'list', '--token', 'x')).rejects.toThrow('the token that was given is not good')
  answers['POST /jsonrpc'] = { error: { type: 'FunctionCallError', data: 'boom' } }
  await expect(failed('call', 'ctx', 'f')).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('boom'),
  })
  await expect(calbox('app', 'list', '--node', 'http://127.0.0.1:9')).rejects.toMatchObject({ exitCode: 3 })
})

test('an argument that is empty is refused: it would ask for something else', async () => {
  await expect(calbox('context', 'delete', '', '--node', url)).rejects.toMatchObject({
    code: 'commander.invalidArgument',
  })
  expect(asked).toEqual([])
})

test('an invitation names the namespace to join, as text, from a file or the standard input', async () => {
  const invitation = { invitation: { invitation: { group_id: Array(32).fill(171) }, inviter_signature: 'ff' } }
  const join = `POST /admin-api/namespaces/${'ab'.repeat(32)}/join`
  answers[join] = { data: { namespaceId: 'ab' } }
  typed = JSON.stringify(invitation)
  expect(await calbox('namespace', 'join', typed, '--node', url)).toContain('is in namespace ab')
  await calbox('namespace', 'join', '-', '--node', url)
  expect(asked.map(({ route }) => route)).toEqual([join, join])
  await expect(calbox('namespace', 'join', '{}', '--node', url)).rejects.toThrow('this is no invitation')
  await expect(calbox('namespace', 'join', '@nowhere', '--node', url)).rejects.toThrow('ENOENT')
})

function answerLogins(): void {
  let made = 0
  const tokens = () => {
    made += 1
    return { data: { access_token: `access ${made}`, refresh_token: `refresh ${made}` } }
  }
  answers['POST /auth/token'] = ({ body }: Asked) => (body.includes('right') ? tokens() : 401)
  answers['POST /auth/refresh'] = tokens
}

test('a login is kept for that node in a file of one’s own, and forgotten', async () => {
  answerLogins()
  answers['GET /admin-api/blobs'] = ({ token }: Asked) => (token === 'access 1' ? { data: { blobs: [] } } : 401)
  const login = ['login', '--node', url, '--username', 'ann', '--password-stdin']
  typed = 'wrong\n'
  await expect(calbox(...login)).rejects.toThrow('name or password is wrong')
  typed = 'right\n'
  expect(await calbox(...login)).toBe(
    `ann is logged in on ${url}; the tokens are in ~/.config/calbox/credentials.json\n`,
  )
  const file = path.join(cwd, '.config/calbox/credentials.json')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'utf8')).not.toContain('right')
  expect(await calbox('blob', 'list', '--node', url)).toBe('no blob is here\n')
  chmodSync(file, 0o640)
  await expect(calbox('blob', 'list', '--node', url)).rejects.toMatchObject({ exitCode: 3 })
  chmodSync(file, 0o600)
  answers['POST /auth/logout'] = { data: null }
  expect(await calbox('logout', '--node', url)).toBe(`the login on ${url} has ended, and is forgotten\n`)
  expect(asked.at(-1)).toMatchObject({ route: 'POST /auth/logout', body: '{"refresh_token":"refresh 1"}' })
  await expect(calbox('blob', 'list', '--node', url)).rejects.toThrow('log in with')
})

test('a login and its end are JSON where that is asked for', async () => {
  answers['POST /auth/token'] = () => ({ data: { access_token: 'access 1', refresh_token: 'refresh 1' } })
  answers['POST /auth/logout'] = { data: null }
  typed = 'secret\n'
  const at = ['--node', url, '--json']
  expect(JSON.parse((await bothOf('login', ...at, '--username', 'ann', '--password-stdin')).out)).toEqual({
    node: url,
    url,
    username: 'ann',
    credentials: path.join(cwd, '.config/calbox/credentials.json'),
  })
  const text = `the login on ${url} has ended, and is forgotten`
  expect(JSON.parse((await bothOf('logout', ...at)).out)).toEqual([{ node: url, ended: true, text }])
  expect(JSON.parse((await bothOf('logout', '--all', '--json')).out)).toEqual([])
})

test.each([
  ['app', 'list'],
  ['health'],
  ['events', '--context', 'c'],
  ['login', '--username', 'ann', '--password', 'wrong'],
])('a failure of %s under --json is one line of JSON beside the answer', async (...args) => {
  answers['GET /admin-api/applications'] = 401
  answers['GET /admin-api/health'] = 401
  answers['POST /auth/token'] = 401
  await expect(bothOf(...args, '--node', url, '--json')).rejects.toMatchObject({
    exitCode: expect.any(Number),
    message: '',
  })
  expect(said.out).toBe('')
  expect(said.err.split('\n')).toHaveLength(2)
  expect(JSON.parse(said.err)).toEqual({
    error: { code: expect.stringMatching(/^(REFUSED|UNREACHABLE)$/), message: expect.stringContaining(url) },
  })
})

test('a connection that ended with its token says to log in again', () => {
  const ended = new ClientError('NETWORK', 'the WebSocket was closed with code 1008 (token_expired)', {
    method: 'GET',
    url,
  })
  const target = remoteTarget(url)
  const { signal } = new AbortController()
  const edge = { cwd, env, signal, stdin: stdin(), stdout: { write: () => true }, stderr: { write: () => true } }
  const error = operatorError(ended, { doing: 'following the events', target, options: {}, edge })
  expect(error).toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringMatching(/the node ended it \(token_expired\); log in with `calbox login/),
  })
})

test('a login that the node cannot end is forgotten all the same, and it is said', async () => {
  answerLogins()
  typed = 'right'
  await calbox('login', '--node', url, '--username', 'ann', '--password-stdin')
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
  server.on('upgrade', ({ headers }, socket) => {
    connections += 1
    controller.signal.addEventListener('abort', () => socket.destroy())
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade'
    socket.write(`${switching}\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`)
    socket.once('data', () => {
      socket.write(frame({ id: 1, result: { contextIds: ['c'], groupIds: [] } }))
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
    cwd,
    stdout: { write },
    stderr: { write },
    stdin: stdin(),
    signal: controller.signal,
    env,
  }
  const args = ['events', '--context', 'c', '--node', url, '--json']
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

test('a blob replaces no file that is there, unless told to', async () => {
  answers['GET /admin-api/blobs/b'] = { some: 'bytes' }
  const file = path.join(cwd, 'mine')
  writeFileSync(file, 'kept')
  await expect(calbox('blob', 'get', 'b', '-o', 'mine', '--node', url)).rejects.toThrow('--force')
  expect(readFileSync(file, 'utf8')).toBe('kept')
  await calbox('blob', 'get', 'b', '-o', 'mine', '--force', '--node', url)
  expect(readFileSync(file, 'utf8')).toBe('{"some":"bytes"}')
  await calbox('blob', 'get', 'b', '-o', 'other', '--node', url)
  expect(readdirSync(cwd).toSorted()).toEqual(['mine', 'other'])
})

test('a token that was renewed is kept: the one that renewed it is good once', async () => {
  answerLogins()
  typed = 'right'
  await calbox('login', '--node', url, '--username', 'ann', '--password-stdin')
  answers['GET /admin-api/blobs'] = ({ token }: Asked) => (token === 'access 2' ? { data: { blobs: [] } } : 401)
  // Both are refused with the same token; one of them renews it, and the other one takes what it got.
  await Promise.all([calbox('blob', 'list', '--node', url), calbox('blob', 'list', '--node', url)])
  await calbox('blob', 'list', '--node', url)
  expect(asked.filter(({ route }) => route === 'POST /auth/refresh')).toHaveLength(1)
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
