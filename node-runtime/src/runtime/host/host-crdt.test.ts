import { beforeAll, describe, expect, it } from 'vitest'
import { type Bytes, fromUtf8, utf8 } from '../../base/bytes.ts'
import { memoryStore } from '../../store/memory.ts'
import type { GuestJob, GuestModule, GuestOutcome } from '../guest-executor.ts'
import { inlineExecutor } from '../inline-executor.ts'
import { apply, call, commitTo, ENV, entry, SOURCE } from '../testing/executor-fixture.ts'
import { compileGuest } from '../testing/test-guests.ts'

const text = (bytes: Bytes | undefined) => (bytes ? fromUtf8(bytes) : undefined)

describe('guests whose collections are the host’s', () => {
  let module: GuestModule
  beforeAll(async () => {
    module = await compileGuest('host-crdt')
  }, 120_000)

  function node() {
    const store = memoryStore()
    const executor = inlineExecutor({ store })
    let timeNs = ENV.timeNs
    const run = async (job: GuestJob): Promise<GuestOutcome> => {
      const [outcome] = await executor.run(module, SOURCE, [{ ...job, env: { ...ENV, timeNs } }])
      if (!outcome) throw new Error('the run has no outcome')
      timeNs = outcome.timeNs + 1n
      return outcome
    }
    return {
      store,
      executor,
      run,
      answer: async (method: string, input: Bytes | string = '') => {
        const outcome = await run(call(method, input))
        expect(outcome.error).toBeUndefined()
        return text(outcome.value)
      },
      change: async (method: string, input: Bytes | string = '') => {
        const outcome = await run(call(method, input))
        expect(outcome.error).toBeUndefined()
        await commitTo(store, outcome)
        return outcome
      },
    }
  }

  it('are told apart by their imports', async () => {
    const info = await node().executor.inspect(module)
    expect(info).toMatchObject({ storage: 'host', unsupportedImports: ['generate_uuid'], appliesDeltas: true })
  })

  it('insert, replace, get, list and remove', async () => {
    const { change, answer } = node()
    expect(text((await change('set', entry('a', '1'))).value)).toBe('0 ')
    expect(text((await change('set', entry('a', '2'))).value)).toBe('1 1')
    expect(await answer('get', entry('a'))).toBe('1 2')
    expect(await answer('get', entry('b'))).toBe('0 ')
    expect(await answer('contains', entry('a'))).toBe('1')
    expect(await answer('contains', entry('b'))).toBe('0')
    expect(await answer('entries')).toBe('\x01\0\0\0\x01\0\0\0a\x01\0\0\x002')
    expect(text((await change('remove', entry('a'))).value)).toBe('1 2')
    expect(await answer('get', entry('a'))).toBe('0 ')
  })

  it('keep registers, counters, sets and the root document', async () => {
    const { change, answer } = node()
    expect(await answer('register_value')).toBe('0 1 one 0')
    expect(await answer('count')).toBe('2 2 0')
    expect(await answer('set_members')).toBe('1 0')
    expect(await answer('root')).toBe('none')
    await change('init')
    expect(await answer('root')).toBe('1 the root')
  })

  it('keep lists, text, and counters that go down', async () => {
    const { answer } = node()
    expect(await answer('below_zero')).toBe('1 -1')
    expect(await answer('list')).toBe('2 1 a 1 b 0 1')
    expect(await answer('type_text')).toBe('29 hello')
  })

  it('keep what has an owner, and what has an order', async () => {
    const { answer } = node()
    expect(await answer('owned')).toBe('0 -1 0 -1')
    expect(await answer('last_of_two')).toBe('1 b')
  })

  it('keep private values out of the artifact and of the shared state', async () => {
    const { change } = node()
    const outcome = await change('keep_secret')
    const shared = [outcome.artifact?.bytes ?? utf8(''), ...outcome.changes.map(({ value }) => value ?? utf8(''))]
    expect(shared.filter((bytes) => Buffer.from(bytes).includes('shown'))).not.toEqual([])
    expect(shared.filter((bytes) => Buffer.from(bytes).includes('secret'))).toEqual([])
    expect(outcome.privateChanges).toEqual([{ key: expect.anything(), value: expect.anything() }])
    expect(text(outcome.privateChanges[0]?.value ?? undefined)).toBe('secret')
  })

  it('get -1 and the reason for an id of another length, and go on', async () => {
    expect(await node().answer('short_id')).toMatch(/^-1 .*32 bytes/)
  })

  it('trap on functions that the host does not serve', async () => {
    expect(await node().run(call('unserved'))).toMatchObject({
      status: 'trap',
      error: { kind: 'unsupported', message: expect.stringContaining('generate_uuid') },
    })
  })

  it('pass on what they flushed, with no root of their own', async () => {
    const { run } = node()
    const outcome = await run(call('set', entry('a', '1')))
    expect(outcome.artifact?.kind).toBe('host')
    expect(outcome.root).toBeUndefined()
    expect(outcome.changes.length).toBeGreaterThan(0)
  })

  it('leave nothing without a flush', async () => {
    expect(await node().run(call('set_without_flush', entry('a', '1')))).toMatchObject({ status: 'ok', changes: [] })
    expect((await node().run(call('set_without_flush', entry('a', '1')))).artifact).toBeUndefined()
  })

  it('reach the same state on another node through their own apply', async () => {
    const author = node()
    const receiver = node()
    for (const value of ['1', '2']) {
      const outcome = await author.change('set', entry('a', value))
      if (!outcome.artifact) throw new Error('no artifact')
      const applied = await receiver.run(apply(outcome.artifact.bytes))
      expect(applied).toMatchObject({ status: 'ok', changes: outcome.changes })
      await commitTo(receiver.store, applied)
    }
    expect(await receiver.answer('get', entry('a'))).toBe('1 2')
  })

  it('trap on an artifact that is none', async () => {
    const outcome = await node().run(apply(utf8('nonsense')))
    expect(outcome).toMatchObject({ status: 'trap', error: { kind: 'host_error' }, changes: [] })
  })

  it('have raw keys of their own on each node', async () => {
    const { change, answer } = node()
    const outcome = await change('note', 'mine')
    expect(outcome.changes).toEqual([])
    expect(outcome.privateChanges).toHaveLength(1)
    expect(await answer('read_note')).toBe('1 mine')
  })
})
