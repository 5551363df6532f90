import { describe, expect, it } from 'vitest'
import { systemRandom } from '../../base/random.ts'
import { GuestFault } from '../call/guest-fault.ts'
import { Invocation } from '../call/invocation.ts'
import { ENV } from '../testing/executor-fixture.ts'
import { bindHostFunction, generationOf, hostFunction } from './host-function.ts'
import { HOST_FUNCTIONS } from './host-table.ts'

const nothing = { get: () => undefined }

function invocation(): Invocation {
  return new Invocation({
    input: new Uint8Array(0),
    env: ENV,
    shared: nothing,
    private: nothing,
    storage: 'guest',
    randomSeed: undefined,
    random: systemRandom,
  })
}

describe('the table of host functions', () => {
  // WebAssembly arities of both generations, as published apps import them.
  it.each([
    ['panic', 1, 4],
    ['panic_utf8', 2, 6],
    ['read_register', 2, 3],
    ['value_return', 1, 3],
    ['log_utf8', 1, 2],
    ['emit', 1, 4],
    ['commit', 2, 4],
    ['storage_read', 2, 3],
    ['storage_write', 3, 5],
    ['storage_remove', 2, 3],
    ['fetch', 5, 9],
    ['random_bytes', 1, 2],
    ['time_now', 1, 2],
    ['send_proposal', 2, 4],
    ['approve_proposal', 1, 2],
  ])('%s takes %i parameters by reference and %i flat', (name, byRef, flat) => {
    const host = HOST_FUNCTIONS.get(name)
    if (!host) throw new Error(`${name} is missing`)
    expect(generationOf(host, byRef)).toBe('by-ref')
    expect(generationOf(host, flat)).toBe('flat')
    expect(generationOf(host, 7)).toBeUndefined()
  })

  it('has each name once', () => {
    expect(HOST_FUNCTIONS.size).toBeGreaterThan(120)
    expect([...HOST_FUNCTIONS.keys()].filter((name) => !/^[a-z][a-z0-9_]+$/.test(name))).toEqual([])
  })
})

describe('a bound host function', () => {
  it('traps when it is imported with a number of parameters that no generation has', () => {
    const host = HOST_FUNCTIONS.get('storage_read')
    if (!host) throw new Error('storage_read is missing')
    const bound = bindHostFunction(host, { arity: 7, result: 'i32' }, invocation())
    expect(() => bound(1n)).toThrow(/storage_read is not known with 7 parameters/)
  })

  it('answers nothing more after the call has failed, even when the guest caught the failure', () => {
    const call = invocation()
    const fail = hostFunction('fail', [], () => {
      throw new GuestFault('limit', 'first')
    })
    const shape = { arity: 0, result: 'none' } as const
    expect(() => bindHostFunction(fail, shape, call)()).toThrow('first')
    const fine = hostFunction('fine', [], () => undefined)
    expect(() => bindHostFunction(fine, shape, call)()).toThrow('first')
    expect(call.fault).toMatchObject({ kind: 'limit' })
  })

  it('gives the result in the type that the module declares', () => {
    const one = hostFunction('one', [], () => true)
    const result = (type: 'none' | 'i32' | 'i64') => bindHostFunction(one, { arity: 0, result: type }, invocation())()
    expect([result('none'), result('i32'), result('i64')]).toEqual([undefined, 1, 1n])
  })
})
