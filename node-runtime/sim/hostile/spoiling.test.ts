import { expect, it } from 'vitest'
import type { DeltaId } from '../../src/base/ids.ts'
import type { Delta } from '../../src/wire/delta.ts'
import { Spoiling } from './spoiling.ts'

const deltaOf = (digit: string, path?: Delta['path']) =>
  ({ id: digit.repeat(64) as DeltaId, signature: new Uint8Array(64).fill(7), ...(path ? { path } : {}) }) as Delta

it('repeats what is signed together once, under another signature', () => {
  const [alone, together] = [deltaOf('1'), deltaOf('2', new Uint8Array(32))]
  const spoiling = new Spoiling()
  const spoilt = spoiling.of([alone, together])
  expect(spoilt.map(({ id }) => id)).toEqual([together.id])
  expect(spoilt[0]?.signature).not.toEqual(together.signature)
  expect(together.signature).toEqual(alone.signature)
  expect(spoiling.of(spoilt)).toEqual([])
})
