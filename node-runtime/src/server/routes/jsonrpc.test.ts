// Execute and sync_status: what a call's result, and each kind of its failure, looks like on the wire.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { systemClock } from '../../base/clock.ts'
import { type ContextId, type GroupId, idBase58, idBytes } from '../../base/ids.ts'
import { compileGuest } from '../../runtime/testing/test-guests.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreOp } from '../../store/store.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { joinContext, type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { JSON_VALUES_MAX } from '../limits.ts'
import { executorGate } from '../testing/executor-gate.ts'
import { type Answer, type ServedNode, serve } from '../testing/served-node.ts'

const UNKNOWN = '1'.repeat(32)

let world: TestWorld
let ada: ServedNode
let bob: ServedNode
let kv: SharedContext
let probe: SharedContext
const log = new RecordingLogger()

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  probe = await shareContext(world, (await compileGuest('probe')).bytes, ['ada'])
  ada = await serve(world.get('ada').node, { log })
  bob = await serve(world.get('bob').node, { log })
})

afterAll(async () => {
  await Promise.all([ada.close(), bob.close()])
  await world.close()
})

function execute(method: string, argsJson?: unknown, contextId: ContextId = kv.contextId, node = ada): Promise<Answer> {
  return node.post('/jsonrpc', { body: executeBody(method, argsJson, contextId) })
}

function executeBody(method: string, argsJson?: unknown, contextId: ContextId = kv.contextId): object {
  return { jsonrpc: '2.0', id: 1, method: 'execute', params: { contextId: idBase58(contextId), method, argsJson } }
}

const answered = (rest: object) => [200, { jsonrpc: '2.0', id: 1, ...rest }]
const seen = ({ status, body }: Answer) => [status, body]

describe('set_ephemeral', () => {
  const set = (state: unknown, contextId = idBase58(kv.contextId), node = ada) =>
    node.post('/jsonrpc', { body: { jsonrpc: '2.0', id: 1, method: 'set_ephemeral', params: { contextId, state } } })

  test('shows bytes to the other members, and changes nothing', async () => {
    const author = world.get('ada').node.identity.publicKey
    const heads = async () => (await world.get('ada').node.contexts.get(kv.contextId)).heads()
    const before = await heads()
    const arrived = new Promise<object>((resolve) => {
      const unwatch = world.get('bob').node.events.watch((event) => {
        if (!('presence' in event)) return
        unwatch()
        resolve(event)
      })
    })
    expect(seen(await set([0, 255]))).toEqual(answered({ result: {} }))
    expect(await arrived).toMatchObject({ contextId: kv.contextId, presence: { author } })
    expect(await heads()).toEqual(before)
  })

  test('is refused with the reason', async () => {
    const size = 16_385
    const rows: [unknown, string, object][] = [
      ['text', idBase58(kv.contextId), { type: 'ParseError' }],
      [[256], idBase58(kv.contextId), { type: 'ParseError', data: expect.stringContaining('256') }],
      [new Array(size).fill(0), idBase58(kv.contextId), { type: 'SliceTooLarge', data: { size, max: 16_384 } }],
      [[1], UNKNOWN, { type: 'ContextNotFound' }],
    ]
    for (const [state, id, error] of rows) {
      expect(seen(await set(state, id))).toMatchObject(answered({ error }))
    }
  })
})

describe('a call that succeeds', () => {
  test('gives its output as JSON, and null where there is none', async () => {
    const rows: [string, unknown, unknown][] = [
      ['set', { key: 'a', value: '1' }, null],
      ['get', { key: 'a' }, '1'],
      ['get', { key: 'b' }, null],
      ['len', {}, 1],
      ['len', undefined, 1],
      ['entries', {}, { a: '1' }],
    ]
    for (const [method, args, output] of rows) {
      expect([method, ...seen(await execute(method, args))]).toEqual([method, ...answered({ result: { output } })])
    }
  })

  test('names the delta it has made, which the other node applies', async () => {
    const { headers } = await fetch(`${ada.url}/jsonrpc`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(executeBody('set', { key: 'a', value: '1' })),
    })
    const delta = headers.get('x-calbox-delta') ?? ''
    const at = (id: string) => `/admin-api/contexts/${idBase58(kv.contextId)}/deltas/${id}`
    const author = idBase58(world.get('ada').node.identity.publicKey)
    const applied = { data: { deltaId: delta, state: 'applied', author, parents: expect.any(Array) } }
    expect((await ada.get(at(delta))).body).toEqual(applied)
    await expect.poll(async () => (await bob.get(at(delta))).body).toEqual(applied)
    expect((await bob.get(at('ab'.repeat(32)))).body).toEqual({ data: { deltaId: 'ab'.repeat(32), state: 'unknown' } })
    expect((await bob.get(at('nonsense'))).status).toBe(400)
    const view = await fetch(`${ada.url}/jsonrpc`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(executeBody('len')),
    })
    expect(view.headers.get('x-calbox-delta')).toBe('none')
  })

  test('is JSON, with the envelope in the order of the reference', async () => {
    const { text, type } = await execute('get', { key: 'none' })
    expect([type, text]).toEqual([
      expect.stringContaining('application/json'),
      '{"jsonrpc":"2.0","id":1,"result":{"output":null}}',
    ])
  })

  test('takes integers of any size to the guest and back', async () => {
    const contextId = idBase58(probe.contextId)
    const text = `{"jsonrpc":"2.0","id":18446744073709551615,"method":"execute","params":{"contextId":"${contextId}","method":"echo","argsJson":{"n":-9223372036854775808,"m":[18446744073709551615,0.1]}}}`
    const { status, text: answer } = await ada.post('/jsonrpc', { text })
    expect([status, answer]).toEqual([
      200,
      '{"jsonrpc":"2.0","id":18446744073709551615,"result":{"output":{"n":-9223372036854775808,"m":[18446744073709551615,0.1]}}}',
    ])
  })

  test('hands arguments to the guest as they were sent, of any number of values', async () => {
    const args = `{ "a": 1.0, "a": [${Array(JSON_VALUES_MAX + 1).fill('{ }')}],\t"b":"\\u0061" }`
    const text = JSON.stringify(executeBody('echo', 'args', probe.contextId)).replace('"args"', args)
    expect((await ada.post('/jsonrpc', { text })).text).toBe(`{"jsonrpc":"2.0","id":1,"result":{"output":${args}}}`)
  })

  test('is refused with more values around the arguments than there may be', async () => {
    const id = Array(JSON_VALUES_MAX).fill({})
    const { status, body } = await ada.post('/jsonrpc', { body: { ...executeBody('len'), id } })
    expect([status, body]).toEqual([400, { error: `the body has more than ${JSON_VALUES_MAX} values` }])
  })

  test('takes null for no arguments', async () => {
    expect(seen(await execute('len', null))).toEqual(answered({ result: { output: 1 } }))
  })

  test('takes a context in hex, and ignores what older clients add', async () => {
    const params = { contextId: kv.contextId, method: 'len', argsJson: {}, executorPublicKey: UNKNOWN, substitute: [] }
    const body = { jsonrpc: '2.0', id: 1, method: 'execute', params, extra: true }
    expect(await ada.post('/jsonrpc', { body })).toMatchObject({ status: 200, body: { result: { output: 1 } } })
  })

  test('answers with the id it was asked with', async () => {
    for (const id of [null, 0, 1, '', '1', 'x"y']) {
      const params = { contextId: idBase58(kv.contextId), method: 'len', argsJson: {} }
      const { body } = await ada.post('/jsonrpc', { body: { jsonrpc: '2.0', id, method: 'execute', params } })
      expect(body).toEqual({ jsonrpc: '2.0', id, result: { output: 1 } })
    }
    const { body } = await ada.post('/jsonrpc', { body: { jsonrpc: '2.0', method: 'none' } })
    expect(body).toMatchObject({ id: null, error: { type: 'ParseError' } })
  })
})

describe('a call that fails', () => {
  const failed = (says: string | RegExp) =>
    answered({ error: { type: 'FunctionCallError', data: expect.stringMatching(says) } })

  test('is a FunctionCallError with the words of the guest or of the node', async () => {
    const rows: [string, ContextId, string | RegExp][] = [
      ['get_result', kv.contextId, /NotFound/],
      ['get_unchecked', kv.contextId, 'key not found'],
      ['no_such_method', kv.contextId, 'no_such_method'],
      ['__calimero_sync_next', kv.contextId, '__calimero_sync_next'],
      ['crash', probe.contextId, /unreachable|trap/],
      ['panic_with_text', probe.contextId, 'boom'],
      ['panic_without_text', probe.contextId, 'panic'],
      ['fail_after_commit', probe.contextId, 'no such thing'],
      ['unknown_import', probe.contextId, 'does_not_exist'],
      ['too_many_events', probe.contextId, 'limit'],
      ['takes_an_argument', probe.contextId, 'takes_an_argument'],
    ]
    for (const [method, contextId, says] of rows) {
      const answer = await execute(method, { key: 'missing' }, contextId)
      expect([method, ...seen(answer)]).toEqual([method, ...failed(says)])
    }
  })

  test('leaves no trace', async () => {
    const before = await world.get('ada').summary(probe.contextId)
    await execute('fail_after_commit', { key: 'k' }, probe.contextId)
    await execute('crash', {}, probe.contextId)
    expect(await world.get('ada').summary(probe.contextId)).toEqual(before)
  })

  test('is a FunctionCallError where arguments do not fit the method', async () => {
    for (const args of [{}, { key: 1 }, [], 'x', null, 7]) {
      const { status, body } = await execute('get', args)
      expect([args, status, body]).toEqual([args, 200, expect.objectContaining({ id: 1, error: expect.anything() })])
      expect(body).toMatchObject({ error: { type: 'FunctionCallError', data: expect.stringMatching(/./) } })
    }
  })

  test('is a SerdeError where the guest returned what is not JSON', async () => {
    expect(seen(await execute('times', {}, probe.contextId))).toEqual(
      answered({ error: { type: 'SerdeError', data: { message: expect.stringContaining('times') } } }),
    )
  })

  test('says ContextNotFound for a context nobody here knows', async () => {
    const answer = await execute('len', {}, '7'.repeat(64) as ContextId)
    expect(seen(answer)).toEqual(answered({ error: { type: 'ContextNotFound' } }))
  })

  test('says that the node is no member, where it is none of the group', async () => {
    const contextId = await restrictedContext()
    await expect
      .poll(() => world.get('bob').node.namespaces.get(kv.namespaceId).state.contexts.has(contextId))
      .toBe(true)
    expect(seen(await execute('len', {}, contextId, bob))).toEqual(failed('no member'))
  })

  test('names the application that is not installed, in base58', async () => {
    const { applications, contexts } = world.get('ada').node
    const { applicationId } = (await contexts.get(probe.contextId)).record
    await applications.uninstall(applicationId)
    expect(seen(await execute('echo', {}, probe.contextId))).toEqual(
      answered({ error: { type: 'ApplicationNotInstalled', data: { application_id: idBase58(applicationId) } } }),
    )
  })
})

async function restrictedContext(): Promise<ContextId> {
  const { node } = world.get('ada')
  const groupId: GroupId = await node.namespaces.createGroup(kv.groupId, { visibility: 'restricted' })
  const { applicationId } = (await node.contexts.get(kv.contextId)).record
  return (await node.contexts.create({ applicationId, groupId, initParams: new Uint8Array(0) })).record.id
}

describe('a request that is none', () => {
  test('is a ParseError where the envelope can be read', async () => {
    const contextId = idBase58(kv.contextId)
    const rows: [string, unknown, string | RegExp][] = [
      ['nothing', undefined, /method.*"nothing"/],
      ['Execute', {}, '"Execute"'],
      ['execute', undefined, 'params'],
      ['execute', null, 'params'],
      ['execute', [], 'params'],
      ['execute', {}, 'contextId'],
      ['execute', { contextId: 1, method: 'len' }, 'contextId'],
      ['execute', { contextId, argsJson: {} }, 'method'],
      ['execute', { contextId, method: '' }, 'method'],
      ['execute', { contextId, method: 'a'.repeat(257) }, 'method'],
      ['execute', { contextId, method: 'le\ud800' }, '/method must be .* half a surrogate'],
      ['ex\udc00', {}, 'method'],
      ['execute', { contextId: 'abc', method: 'len' }, 'id'],
      ['execute', { contextId: '0OIl', method: 'len' }, 'id'],
      ['sync_status', {}, 'contextId'],
      ['sync_status', { contextId: 'abc' }, 'id'],
    ]
    for (const [method, params, says] of rows) {
      const answer = await ada.post('/jsonrpc', { body: { jsonrpc: '2.0', id: 1, method, params } })
      const wanted = answered({ error: { type: 'ParseError', data: expect.stringMatching(says) } })
      expect([method, params, ...seen(answer)]).toEqual([method, params, ...wanted])
    }
  })

  test('is a 400 with the field where it cannot', async () => {
    const rows: [string, string][] = [
      ['', 'body'],
      ['null', 'body'],
      ['[]', 'body'],
      ['{}', 'jsonrpc'],
      ['{"jsonrpc":"1.0","method":"execute"}', 'body/jsonrpc'],
      ['{"jsonrpc":"2.0"}', 'method'],
      ['{"jsonrpc":"2.0","method":1}', 'body/method'],
      ['[{"jsonrpc":"2.0","id":1,"method":"execute","params":{}}]', 'body'],
      ['{"jsonrpc":"2.0","id":{},"method":"none"}', 'id must be'],
      ['{"jsonrpc":"2.0","id":1.5,"method":"none"}', 'id must be'],
      ['{"jsonrpc":"2.0","id":-1,"method":"none"}', 'id must be'],
      ['{"jsonrpc":"2.0","id":18446744073709551616,"method":"none"}', 'id must be'],
      ['{"jsonrpc":"2.0"', 'not JSON'],
    ]
    for (const [text, says] of rows) {
      const answer = await ada.post('/jsonrpc', { text })
      expect([text, ...seen(answer)]).toEqual([text, 400, { error: expect.stringContaining(says) }])
    }
  })
})

describe('sync_status', () => {
  const status = (contextId: string) =>
    ada.post('/jsonrpc', { body: { jsonrpc: '2.0', id: 'x', method: 'sync_status', params: { contextId } } })

  test('is idle where nothing waits', async () => {
    const contextId = idBase58(kv.contextId)
    const result = { contextId, isInitialized: true, syncState: { state: 'idle' }, failureCount: 0 }
    expect((await status(contextId)).body).toEqual({ jsonrpc: '2.0', id: 'x', result })
  })

  test('says ContextNotFound for a context nobody here knows', async () => {
    expect((await status(UNKNOWN)).body).toEqual({ jsonrpc: '2.0', id: 'x', error: { type: 'ContextNotFound' } })
  })
})

test('a member whose group key has not come is told so, with the context', async () => {
  await joinContext(world, kv, 'ada', await started('cyd'))
  await world.get('cyd').stop()
  const { disk } = world.get('cyd')
  const keys: StoreOp[] = []
  for await (const [key] of disk.entries(rangeOf(keyOf('groupKey', idBytes(kv.groupId)))))
    keys.push({ type: 'del', key })
  expect(keys).toHaveLength(1)
  await disk.batch(keys)
  world.network.partition([world.get('cyd').peerId])
  const cyd = await serve((await world.start('cyd', { boot: [] })).node)
  const { body } = await execute('set', { key: 'a', value: '2' }, kv.contextId, cyd)
  world.network.heal()
  // Now somebody has it.
  const again = async () => seen(await execute('set', { key: 'a', value: '2' }, kv.contextId, cyd))
  await expect.poll(again).toEqual(answered({ result: { output: null } }))
  await cyd.close()
  expect(body).toMatchObject({ error: { type: 'GroupKeyPending', data: { context_id: idBase58(kv.contextId) } } })
})

async function started(name: string): Promise<string> {
  await world.start(name)
  return name
}

test('a member whose context has not come yet is told to wait', async () => {
  const gate = executorGate()
  const { node } = await world.start('dan', { wrapExecutor: gate.wrapExecutor })
  gate.shut()
  const invitation = world.get('ada').node.namespaces.invite(kv.groupId, { lifetimeSec: 60, role: 'Member' })
  await node.namespaces.join(invitation)
  const dan = await serve(node)
  expect(seen(await execute('len', {}, kv.contextId, dan))).toEqual(answered({ error: { type: 'Uninitialized' } }))
  const contextId = idBase58(kv.contextId)
  const body = { jsonrpc: '2.0', id: 1, method: 'sync_status', params: { contextId } }
  expect((await dan.post('/jsonrpc', { body })).body).toMatchObject({
    result: { contextId, isInitialized: false, syncState: { state: 'waitingForPeers' }, failureCount: 0 },
  })
  gate.open()
  await node.joiner.ready(node.namespaces.get(kv.namespaceId), kv.contextId)
  expect(await execute('len', {}, kv.contextId, dan)).toMatchObject({ body: { result: { output: 1 } } })
  await dan.close()
})

test('a call that the end of the node or of its client cuts off is no defect in the log', async () => {
  const gate = executorGate()
  const { node } = await world.start('eve', { boot: [], wrapExecutor: gate.wrapExecutor })
  const { contextId } = await shareContext(world, await appWasm('kv-store'), ['eve'])
  const entries = new RecordingLogger()
  const eve = await serve(node, { log: entries })
  const call = (signal?: AbortSignal) => {
    const params = { contextId: idBase58(contextId), method: 'len', argsJson: {} }
    const body = { jsonrpc: '2.0', id: 1, method: 'execute', params }
    return eve.post('/jsonrpc', { body, ...(signal ? { signal } : {}) })
  }
  gate.shut()
  const leaving = new AbortController()
  const left = call(leaving.signal).catch((error: unknown) => error)
  await gate.entered(1)
  leaving.abort(new Error('gone'))
  await left
  await gate.aborted(1)
  gate.open()
  gate.shut()
  const waiting = call()
  await gate.entered(2)
  const closed = eve.close()
  await gate.aborted(2)
  gate.open()
  expect(seen(await waiting)).toEqual([503, { error: 'the node is stopping' }])
  await closed
  expect(entries.entries).toEqual([])
})

test('no failure of a guest or of a client is a failure of the node in its log', () => {
  expect(log.entries).toEqual([])
})
