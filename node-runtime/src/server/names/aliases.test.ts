import { expect, test } from 'vitest'
import { type ContextId, idFromBytes } from '../../base/ids.ts'
import { memoryStore } from '../../store/memory.ts'
import { Aliases } from './aliases.ts'

const idOf = (fill: number) => idFromBytes<ContextId>(new Uint8Array(32).fill(fill))

test('aliases of all kinds together have a cap, over restarts, and what is deleted makes room once', async () => {
  const store = memoryStore()
  const before = new Aliases(store, 3)
  await before.create('context', 'a', idOf(1))
  await before.create({ identityIn: idOf(1) }, 'a', idOf(2))
  const aliases = new Aliases(store, 3)
  await aliases.create({ identityIn: idOf(2) }, 'a', idOf(3))
  await expect(aliases.create({ identityIn: idOf(3) }, 'a', idOf(3))).rejects.toMatchObject({ code: 'CONFLICT' })
  for (const name of ['a', 'a', 'none']) await aliases.delete('context', name)
  await aliases.create('application', 'b', idOf(4))
  await expect(aliases.create('application', 'c', idOf(4))).rejects.toMatchObject({ code: 'CONFLICT' })
})
