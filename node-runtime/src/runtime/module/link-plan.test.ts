import { expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { Replica } from '../../crdt/replica-fixture.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { Invocation } from '../call/invocation.ts'
import { MEMORY_SECTIONS, nameBytes, rawModule } from '../testing/test-guests.ts'
import { importObject, planLinks } from './link-plan.ts'
import { readModule } from './wasm-module.ts'

const caller = new Replica('caller')

function invocation(): Invocation {
  return new Invocation({
    input: utf8(''),
    env: {
      contextId: new Uint8Array(32),
      executorId: caller.bytes,
      accountId: caller.account,
      deviceId: new Uint8Array(32),
      timeNs: 1n,
    },
    shared: { get: () => undefined },
    private: { get: () => undefined },
    storage: 'guest',
    randomSeed: undefined,
    random: seededRandom('links'),
  })
}

it.each(['__proto__', 'constructor', 'env'])(
  'an import of %s reaches nothing of the host by its names',
  async (module) => {
    const names = ['__proto__', 'constructor', 'toString', 'planted']
    const imports = names.flatMap((name) => [...nameBytes(module), ...nameBytes(name), 0, 0])
    const bytes = rawModule(
      [1, [1, 0x60, 0, 0]],
      [2, [names.length, ...imports]],
      MEMORY_SECTIONS.memory(1),
      MEMORY_SECTIONS.export,
    )
    const before = Object.prototype.toString
    const plan = planLinks(readModule(bytes))
    const linked = importObject(plan, invocation())
    expect('planted' in {}).toBe(false)
    expect('planted' in Object).toBe(false)
    expect(Object.prototype.toString).toBe(before)
    // All four are there for the engine, each a trap that names it.
    const instance = new WebAssembly.Instance(await WebAssembly.compile(bytes), linked)
    expect(Object.keys(instance.exports)).toEqual(['memory'])
    expect(linked[module]?.planted).toThrow(`"${module}.planted", which this host does not know`)
  },
)
