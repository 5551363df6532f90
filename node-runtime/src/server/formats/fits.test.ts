import { type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { COMPILED_AFTER_CHECKS } from '../limits.ts'
import { fits } from './fits.ts'
import { RawJson } from './json/json.ts'

/** As `execute` has it, and what else its requests have. */
const Params = Type.Object({
  contextId: Type.String({ pattern: '^[a-z0-9]{1,8}$' }),
  method: Type.String({ minLength: 1, maxLength: 4 }),
  argsJson: Type.Optional(Type.Unknown()),
  depth: Type.Optional(Type.Integer({ minimum: 0, maximum: 3 })),
  names: Type.Optional(Type.Array(Type.String(), { maxItems: 2 })),
  kind: Type.Optional(Type.Union([Type.Literal('a'), Type.Null()])),
})
const base = { contextId: 'abc', method: 'set' }
const values: readonly unknown[] = [
  base,
  { ...base, argsJson: new RawJson(utf8('{"a":1}')), depth: 3, names: ['x', 'y'], kind: null },
  { ...base, another: true },
  Object.assign(Object.create(null), base),
  { ...base, argsJson: undefined },
  { ...base, depth: 4 },
  { ...base, depth: 1.5 },
  { ...base, names: ['x', 'y', 'z'] },
  { ...base, names: [1] },
  { ...base, kind: 'b' },
  { ...base, method: '' },
  { ...base, method: 'seven' },
  { ...base, contextId: 'ABC' },
  { contextId: 'abc' },
  [base],
  null,
  undefined,
  'text',
  7,
]

it('a schema that is asked for often says the same once it is compiled', async () => {
  const walked: TSchema = Params
  const expected = values.map((value) => Value.Check(walked, value))
  expect(new Set(expected)).toEqual(new Set([true, false]))
  expect(values.map((value) => fits(Params, value))).toEqual(expected)
  for (let check = 0; check < COMPILED_AFTER_CHECKS; check += 1) fits(Params, base)
  // What the compiler is loaded by.
  await import('typebox/compile')
  await new Promise((resolve) => setImmediate(resolve))
  expect(values.map((value) => fits(Params, value))).toEqual(expected)
})
