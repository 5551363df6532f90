// Part of the executor contract: modules that cannot run.
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { LIMITS } from '../limits.ts'
import { call, SOURCE } from './executor-fixture.ts'
import type { Subject } from './executor-subject.ts'
import { MEMORY_SECTIONS, moduleOf, nameBytes, rawModule } from './test-guests.ts'

export function modulesContract(subject: Subject): void {
  describe('modules that cannot run', () => {
    const memory = MEMORY_SECTIONS.memory(1)
    it.each([
      ['text', utf8('not wasm'), /does not start|do not start/],
      ['cut short', rawModule(memory, MEMORY_SECTIONS.export).subarray(0, 14), /ends early/],
      ['without an exported memory', rawModule(memory), /does not export its memory/],
      ['without a memory', rawModule(), /0 memories/],
      ['with a memory over the limit', rawModule(MEMORY_SECTIONS.memory(1025), MEMORY_SECTIONS.export), /1025 units/],
      ['with a 64-bit memory', rawModule(MEMORY_SECTIONS.memory(1, 4), MEMORY_SECTIONS.export), /shared or 64-bit/],
      [
        'with an imported memory',
        rawModule([2, [1, ...nameBytes('env'), ...nameBytes('memory'), 2, 0, 1]], MEMORY_SECTIONS.export),
        /imports "env.memory"/,
      ],
      ['with garbage-collected types', rawModule([1, [1, 0x5f, 0]]), /garbage-collected/],
      ['with a body that does not validate', rawModule(memory, MEMORY_SECTIONS.export, [10, [1, 1, 0]]), /valid/],
      [
        'with _start',
        rawModule([1, [1, 0x60, 0, 0]], [3, [1, 0]], memory, [
          7,
          [2, ...nameBytes('memory'), 2, 0, ...nameBytes('_start'), 0, 0],
        ]),
        /_start/,
      ],
    ])('%s', async (_, bytes, message) => {
      const module = moduleOf(new Uint8Array(bytes))
      await expect(subject.executor.inspect(module)).rejects.toThrow(message)
      await expect(subject.executor.run(module, SOURCE, [call('echo')])).rejects.toMatchObject({
        code: 'MODULE_INVALID',
      })
    })

    it('too large', async () => {
      const module = moduleOf(new Uint8Array(LIMITS.moduleBytes + 1))
      await expect(subject.executor.inspect(module)).rejects.toMatchObject({ code: 'MODULE_TOO_LARGE' })
    })
  })
}
