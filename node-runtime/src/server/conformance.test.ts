// Every operation of the OpenAPI document, asked as it says and as it forbids: what comes back is what it says, too, and no
// answer is a defect. The counts are printed.
import { generateKeyPairSync, sign } from 'node:crypto'
import { request } from 'node:http'
import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import { type Auth, openAuth } from '../auth/auth.ts'
import type { Caller } from '../auth/callers.ts'
import { toBase58 } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { idBase58 } from '../base/ids.ts'
import { silentLogger } from '../base/log.ts'
import { shareContext, TestWorld } from '../testing/test-nodes.ts'
import { AUTH_ROUTES } from './auth/auth-scope.ts'
import { invitationToJson } from './formats/encodings.ts'
import { JSON_BODY_BYTES_MAX } from './limits.ts'
import { createServer, type HttpServer } from './server.ts'
import { type Asked, type Operation, operationsOf, requestsOf, type Samples } from './testing/conformance.ts'

const CHEAP = { cost: 16, blockSize: 1, parallelization: 1 }
const ANN = { username: 'ann', password: 'correct horse' }

let world: TestWorld
let server: HttpServer
let auth: Auth
let admin: string
let stranger: string
/** May execute in a context, which is none of those here. */
let elsewhere: string
/** May do all but administer, as a member of nothing here. */
let foreigner: string
let operations: Operation[]
let samples: Samples
const counts: Record<string, number> = {}

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  const kv = await shareContext(world, await appWasm('kv-store'), ['ada'])
  const { node } = world.get('ada')
  const { store, clock, random } = node.ports
  auth = await openAuth({ store, clock, random, log: silentLogger, identity: node.identity }, { scrypt: CHEAP })
  await auth.addFirstAdmin(ANN)
  server = createServer({ node, log: silentLogger, guard: auth.guard, auth })
  await server.listen('127.0.0.1', 0)
  const credentials = { method: 'user_password', publicKey: 'ann', data: ANN, clientName: 'test', address: '::1' }
  admin = (await auth.logins.logIn(credentials)).access_token
  const caller = await auth.callers.of(admin, {})
  const keyWith = async (...permissions: string[]) => {
    const asked = { contextId: undefined, contextIdentity: undefined, permissions, nodeUrl: undefined }
    return (await auth.keys.addClient(caller, asked)).access_token
  }
  stranger = await keyWith('keys:list')
  foreigner = await tokenOfWallet(caller)
  elsewhere = await keyWith(`context:execute[${'1'.repeat(32)}]`, `context[${'1'.repeat(32)}]`)
  const document = await (await fetch(`${server.addresses()[0]}/openapi.json`)).json()
  // Those of keys and logins are asked in a test of their own: they answer in another envelope, with other statuses.
  operations = operationsOf(document).filter(({ path }) => !AUTH_ROUTES.some(({ url }) => sameShape(url, path)))
  const context = await world.get('ada').context(kv.contextId)
  const { delta } = await world
    .get('ada')
    .call(kv.contextId, 'set', { key: 'a', value: '1' })
    .then(() => ({ delta: context.heads()[0] }))
  const invitation = invitationToJson(node.namespaces.invite(kv.groupId, { lifetimeSec: 60, role: 'Member' }))
  const contextId = idBase58(kv.contextId)
  const applicationId = idBase58(context.record.applicationId)
  const publicKey = idBase58(node.identity.publicKey)
  const [blob] = node.ports.blobs.list()
  samples = {
    'contexts.id': contextId,
    'context.id': contextId,
    'sync.id': contextId,
    'applications.id': applicationId,
    'blobs.id': idBase58(blob?.id ?? kv.contextId),
    'identity.context': contextId,
    ns: kv.namespaceId,
    gid: kv.groupId,
    ctx: contextId,
    account: node.account,
    app: applicationId,
    pkg: 'none',
    delta,
    contextId,
    applicationId,
    targetApplicationId: applicationId,
    groupId: kv.groupId,
    identity: publicKey,
    alias: 'alias',
    invitation: { ...invitation, context_id: contextId },
    path: '/none/app.wasm',
    url: 'http://127.0.0.1/app.wasm',
    jsonrpc: '2.0',
    method: 'execute',
  }
})

afterAll(async () => {
  process.stdout.write(`conformance: ${operations.length} operations, ${JSON.stringify(counts)}\n`)
  await server.close()
  await world.close()
})

/** A wallet is added as an administrator; its permissions are then what the others of it are. */
async function tokenOfWallet(caller: Caller): Promise<string> {
  const pair = generateKeyPairSync('ed25519')
  const publicKey = toBase58(pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
  const { id } = await auth.keys.addRoot(caller, { method: 'ed25519', publicKey, data: {} })
  const add = ['application', 'package', 'blob', 'namespace', 'group', 'context']
  await auth.keys.changePermissions(caller, id, { add, remove: ['admin'] })
  const { challenge, message } = (auth.challenge?.() ?? {}) as { challenge: string; message: string }
  const signature = sign(null, Buffer.from(message), pair.privateKey).toString('hex')
  const data = { challenge, signature }
  const login = { method: 'ed25519', publicKey, data, clientName: 'test', address: '::1' }
  return (await auth.logins.logIn(login)).access_token
}

function sameShape(url: string, path: string): boolean {
  return url.replaceAll(/:(\w+)/g, '{$1}') === path
}

interface Seen {
  readonly status: number
  readonly body: unknown
  readonly text: string
}

const ask = ({ method }: Operation, { path, body }: Asked, token: string | undefined) =>
  askAt(path, body, token, method)

async function askAt(path: string, body: unknown, token: string | undefined, method = 'POST'): Promise<Seen> {
  const response = await fetch(`${server.addresses()[0]}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return { status: response.status, text, body: isJson && text !== '' ? JSON.parse(text) : undefined }
}

/** Only the head of a body that is too large: the answer does not wait for more. */
function askTooMuch({ method }: Operation, { path }: Asked): Promise<Seen> {
  const headers = {
    'content-type': 'application/json',
    'content-length': JSON_BODY_BYTES_MAX + 1,
    authorization: `Bearer ${admin}`,
  }
  return new Promise((resolve, reject) => {
    const sent = request(`${server.addresses()[0]}${path}`, { method, headers, agent: false }, (response) => {
      resolve({ status: response.statusCode ?? 0, body: undefined, text: '' })
      sent.destroy()
    })
    sent.on('error', reject)
    sent.flushHeaders()
  })
}

/** What is wrong with an answer, in words. */
function fault(operation: Operation, { kind }: Asked, { status, body, text }: Seen): string | undefined {
  const { responses } = operation
  if (!(status in responses)) return `answered ${status}, which is not in the document`
  if (['missing', 'wrong type', 'wrong query'].includes(kind))
    return status === 400 ? undefined : `answered ${status}, not 400`
  if (kind === 'oversize') return status === 413 ? undefined : `answered ${status}, not 413`
  if (status !== 200)
    return text !== '' || operation.method === 'HEAD' ? undefined : `answered ${status} without a reason`
  const schema = responses['200']?.content?.['application/json']?.schema
  if (schema === undefined || Value.Check(schema, body)) return undefined
  const [problem] = Value.Errors(schema, body)
  return `answered 200 with ${problem?.instancePath} that ${problem?.message}`
}

const needsPermission = ({ security, 'x-permission': permission }: Operation) =>
  security.length > 0 && permission !== 'token'

const OF_CONTEXT = /^\/admin-api\/contexts?\/(sync\/)?\{id\}/

const isEndless = ({ responses }: Operation) => responses['200']?.content?.['text/event-stream'] !== undefined

async function faultsOf(wanted: (asked: Asked) => boolean): Promise<string[]> {
  const faults: string[] = []
  for (const operation of operations) {
    for (const asked of requestsOf(operation, samples)) {
      if (!wanted(asked) || isEndless(operation)) continue
      const seen = await (asked.kind === 'oversize' ? askTooMuch(operation, asked) : ask(operation, asked, admin))
      const answered = `${asked.kind} ${seen.status}`
      counts[answered] = (counts[answered] ?? 0) + 1
      const found = fault(operation, asked, seen)
      if (found) faults.push(`${asked.kind} ${asked.what ?? ''} ${operation.method} ${asked.path}: ${found}`)
    }
  }
  return faults
}

describe('what the document says of each operation holds', () => {
  test('without a token, and with one that lacks the permission', async () => {
    const faults: string[] = []
    for (const operation of operations.filter(({ security }) => security.length > 0)) {
      const [valid] = requestsOf(operation, samples)
      if (!valid) continue
      const rows: [string, string | undefined, number][] = [['no token', undefined, 401]]
      if (operation['x-permission'] !== 'token') rows.push(['wrong permission', stranger, 403])
      for (const [kind, token, status] of rows) {
        const seen = await ask(operation, valid, token)
        counts[kind] = (counts[kind] ?? 0) + 1
        if (seen.status !== status) faults.push(`${kind} ${operation.method} ${valid.path}: answered ${seen.status}`)
      }
    }
    expect(faults).toEqual([])
  })

  test('a permission for one context opens nothing of another, nor what is about all of them', async () => {
    const opened: string[] = []
    for (const operation of operations.filter((each) => needsPermission(each))) {
      const [valid] = requestsOf(operation, samples)
      if (!valid) continue
      const { status, text } = await ask(operation, valid, elsewhere)
      if (status !== 403) opened.push(`${operation.method} ${operation.path}: ${status} ${text}`)
    }
    // Its sample has no params: nothing is asked, and nothing done.
    const parseError = { type: 'ParseError', data: 'execute: params must be object' }
    const answer = { jsonrpc: '2.0', id: null, error: parseError }
    expect(opened).toEqual([`POST /jsonrpc: 200 ${JSON.stringify(answer)}`])
    const data = {
      context_id: samples.contextId,
      public_key: expect.stringMatching(/^[1-9A-Za-z]{43,44}$/),
      reason: expect.stringMatching(/token do not cover context:/),
    }
    const unauthorized = { type: 'Unauthorized', data }
    for (const method of ['execute', 'sync_status', 'set_ephemeral']) {
      const params = { contextId: samples.contextId, method: 'len', state: [] }
      const seen = await askAt('/jsonrpc', { jsonrpc: '2.0', id: 1, method, params }, elsewhere)
      expect([method, seen.body]).toEqual([method, { jsonrpc: '2.0', id: 1, error: unauthorized }])
    }
  })

  test('a caller that is a member of nothing here has nothing of it, whatever its permissions', async () => {
    const opened: string[] = []
    for (const operation of operations.filter((each) => needsPermission(each))) {
      const [valid] = requestsOf(operation, samples)
      const names = (operation.parameters ?? []).map(({ name }) => name)
      const isAbout =
        names.some((name) => ['ns', 'gid', 'ctx', 'context'].includes(name)) || OF_CONTEXT.test(operation.path)
      if (!valid || !isAbout || operation['x-permission'] === 'admin') continue
      const { status, text } = await ask(operation, valid, foreigner)
      if (status !== 403) opened.push(`${operation.method} ${operation.path}: ${status} ${text}`)
    }
    expect(opened).toEqual([])
    const lists = ['contexts', 'namespaces', 'groups', `contexts/for-application/${samples.app}`].map(
      (path) => `/admin-api/${path}`,
    )
    for (const path of [...lists, `/admin-api/namespaces/for-application/${samples.app}`]) {
      const own = (await askAt(path, undefined, foreigner, 'GET')).text
      const all = (await askAt(path, undefined, admin, 'GET')).text
      expect([path, own, all.length > own.length]).toEqual([
        path,
        expect.stringMatching(/^\{"data":(\[\]|\{"contexts":\[\]\})\}$/),
        true,
      ])
    }
    const params = { contextId: samples.contextId, method: 'len', state: [] }
    const called = await askAt('/jsonrpc', { jsonrpc: '2.0', id: 1, method: 'execute', params }, foreigner)
    expect(called.text).toContain('no member of the context')
  })

  test('where fields are missing or of another type, too large, or what no id is', async () => {
    expect(await faultsOf(({ kind }) => kind !== 'valid')).toEqual([])
  })

  test('where all is as it should be', async () => {
    expect(await faultsOf(({ kind }) => kind === 'valid')).toEqual([])
  })
})
