import { beforeAll, describe, expect, test } from 'vitest'
import { fromUtf8 } from '../../node-runtime/src/base/bytes.ts'
import type { GuestModule } from '../../node-runtime/src/runtime/guest-executor.ts'
import { type CallResult, loadApp, Replica } from '../replica.ts'

const COMPILE_TIMEOUT_MS = 300_000

let app: GuestModule
beforeAll(async () => {
  app = await loadApp('kv-store')
}, COMPILE_TIMEOUT_MS)

async function replicas(): Promise<[Replica, Replica]> {
  const [a, b] = await Replica.create(app, ['a', 'b'])
  if (a === undefined || b === undefined) throw new Error('two replicas were expected')
  return [a, b]
}

function events({ events: told }: CallResult): string[] {
  return told.map(
    ({ kind, data, handler }) => `${kind} ${fromUtf8(data)}${handler === undefined ? '' : ` → ${handler}`}`,
  )
}

describe('one replica', () => {
  test('answers in the shapes that workflows expect', async () => {
    const [a] = await replicas()
    expect((await a.call('len')).json).toBe(0)
    expect((await a.call('entries')).json).toEqual({})
    expect((await a.call('set', { key: 'k', value: 'v' })).json).toBe(null)
    expect((await a.call('get', { key: 'k' })).json).toBe('v')
    expect((await a.call('get', { key: 'x' })).json).toBe(null)
    expect((await a.call('get_result', { key: 'k' })).json).toBe('v')
    expect((await a.call('get_unchecked', { key: 'k' })).json).toBe('v')
    await a.call('set', { key: 'a', value: '' })
    expect((await a.call('entries')).json).toEqual({ a: '', k: 'v' })
    expect((await a.call('len')).json).toBe(2)
    expect((await a.call('remove', { key: 'k' })).json).toBe('v')
    expect((await a.call('remove', { key: 'k' })).json).toBe(null)
    expect((await a.call('clear')).json).toBe(null)
    expect((await a.call('entries')).json).toEqual({})
  })

  test('a missing key is an error with kind and data, or a panic', async () => {
    const [a] = await replicas()
    const missing = await a.call('get_result', { key: 'k' })
    expect(missing.error?.kind).toBe('guest_error')
    expect(JSON.parse(fromUtf8(missing.error?.value ?? new Uint8Array(0)))).toEqual({ kind: 'NotFound', data: 'k' })
    const panic = await a.call('get_unchecked', { key: 'k' })
    expect(panic.error?.kind).toBe('panic')
    expect(panic.error?.message).toContain('key not found')
    expect(panic.error?.message).toContain('apps/kv-store/assembly/index.ts')
  })

  test('tells what it did', async () => {
    const [a] = await replicas()
    expect(events(await a.call('set', { key: 'k', value: '1' }))).toEqual(['Inserted {"key":"k","value":"1"}'])
    expect(events(await a.call('set', { key: 'k', value: '2' }))).toEqual(['Updated {"key":"k","value":"2"}'])
    expect(events(await a.call('remove', { key: 'k' }))).toEqual(['Removed {"key":"k"}'])
    expect(events(await a.call('clear'))).toEqual(['Cleared '])
  })

  test('views make no delta; changes do, also those that only tell an event', async () => {
    const [a] = await replicas()
    for (const method of ['entries', 'len']) expect((await a.call(method)).delta).toBe(undefined)
    expect((await a.call('set', { key: 'k', value: 'v' })).delta?.artifact.kind).toBe('host')
    expect((await a.call('remove', { key: 'absent' })).delta?.artifact.kind).toBe('host')
    expect((await a.call('remove', { key: 'absent' })).delta?.artifact.kind).toBe('host')
  })
})

describe('two replicas', () => {
  test('merge concurrent changes whatever the order', async () => {
    const [a, b] = await replicas()
    await a.call('set', { key: 'both', value: 'a' })
    await a.call('set', { key: 'a', value: '1' })
    b.timeNs += 1_000_000_000n
    await b.call('set', { key: 'both', value: 'b' })
    await b.call('set', { key: 'b', value: '2' })
    const ofA = [...a.applied]
    const ofB = [...b.applied]
    for (const delta of ofB.toReversed()) await a.apply(delta)
    for (const delta of ofA) await b.apply(delta)
    expect(a.root).toBe(b.root)
    expect((await a.call('entries')).json).toEqual({ a: '1', b: '2', both: 'b' })
    expect((await b.call('entries')).json).toEqual({ a: '1', b: '2', both: 'b' })
  })

  test('agree on a removal and on setting the key again', async () => {
    const [a, b] = await replicas()
    await a.call('set', { key: 'k', value: '1' })
    await a.call('remove', { key: 'k' })
    await a.call('set', { key: 'k', value: '2' })
    for (const delta of [...a.applied].toReversed()) await b.apply(delta)
    expect(b.root).toBe(a.root)
    expect((await b.call('get', { key: 'k' })).json).toBe('2')
    expect((await b.call('len')).json).toBe(1)
  })

  test('a later clear wins over an earlier insert that it saw, and not over one that it did not see', async () => {
    const [a, b] = await replicas()
    await a.call('set', { key: 'seen', value: '1' })
    for (const delta of [...a.applied]) await b.apply(delta)
    await a.call('set', { key: 'unseen', value: '2' })
    b.timeNs += 1_000_000_000n
    await b.call('clear')
    const ofB = b.applied.at(-1)
    const ofA = a.applied.at(-1)
    if (ofA === undefined || ofB === undefined) throw new Error('two deltas were expected')
    await a.apply(ofB)
    await b.apply(ofA)
    expect(a.root).toBe(b.root)
    expect((await b.call('entries')).json).toEqual({ unseen: '2' })
  })

  test('the same deltas folded anew give the same root', async () => {
    const [a] = await replicas()
    for (const value of ['1', '2', '3']) await a.call('set', { key: 'k', value })
    const { root } = a
    await a.refold()
    expect(a.root).toBe(root)
  })
})
