import { type TSchema, Type, workflowEditorSchema } from '@calbox/schemas'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { didYouMean, editDistance, nearest } from '../did-you-mean.ts'
import type { Finding } from '../problem.ts'
import { sampleKindList } from '../sample-kinds.ts'
import { readYaml } from '../yaml/yaml-source.ts'
import { checkSchema } from './check-schema.ts'

function check(schema: TSchema, value: unknown): Finding[] {
  const { root } = readYaml('f', JSON.stringify(value))
  const found: Finding[] = []
  if (root !== undefined) checkSchema(schema, root, [], { add: (finding) => found.push(finding) })
  return found
}

const schema = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: 3, pattern: '^[a-z]+$' }),
    whole: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
    number: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })),
    flag: Type.Optional(Type.Boolean()),
    choice: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b'), Type.Literal(1)])),
    either: Type.Optional(Type.Union([Type.String(), Type.Array(Type.Integer(), { maxItems: 2, uniqueItems: true })])),
    list: Type.Optional(Type.Array(Type.Object({ k: Type.Unknown() }), { minItems: 1 })),
    map: Type.Optional(Type.Record(Type.String(), Type.Integer(), { minProperties: 1, maxProperties: 2 })),
    both: Type.Optional(Type.Intersect([Type.String({ minLength: 2 }), Type.String({ maxLength: 4 })])),
    nothing: Type.Optional(Type.Null()),
  },
  { additionalProperties: false },
)

describe('the schema check', () => {
  test('agrees with ajv on any value', () => {
    const validate = new Ajv({ strict: false }).compile(schema)
    const leaf = fc.oneof(
      fc.constantFrom('a', 'b', 'abc', '', 'abcd', 'A', 1, 2, 10, 0.5, 1.5, -1, true, false),
      fc.integer(),
    )
    const value = fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 3 }),
      fc.array(fc.record({ k: leaf }, { requiredKeys: [] }), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('x', 'y', 'z'), leaf, { maxKeys: 3 }),
    )
    const names = fc.constantFrom(...Object.keys(schema.properties), 'other')
    fc.assert(
      fc.property(fc.dictionary(names, value), fc.boolean(), (fields, withText) => {
        const object = withText ? { ...fields, text: 'ab' } : fields
        expect([object, check(schema, object).length === 0]).toEqual([object, validate(object)])
      }),
      { numRuns: 2000 },
    )
  })

  test.each<[unknown, string]>([
    [{ text: 'a', choice: 'c' }, '"choice" must be one of a, b, 1, not the text "c"'],
    [{ text: 'a', either: 5 }, '"either" must be a text or a list, not 5'],
    [{ text: 'a', either: ['x'] }, 'entry 1 of "either" must be a whole number, not the text "x"'],
    [{ text: 5 }, '"text" must be a text, not 5'],
    [{ text: 'a', txt: 1 }, 'unknown field "txt"'],
    [{ text: 'a', list: [{}] }, 'the field "k" is missing'],
  ])('%j: %s', (value, message) => {
    expect(check(schema, value).map((finding) => finding.message)).toEqual([message])
  })

  test('an optional null is left out, a null that the schema takes is kept', () => {
    const { root } = readYaml('f', '{text: a, whole: , nothing: }')
    const value = root && checkSchema(schema, root, [], { add: () => undefined })
    expect(value).toEqual({ text: 'a', nothing: null })
  })

  test('a keyword that cannot be checked is a defect of the kind', () => {
    expect(() => check(Type.Unsafe({ type: 'string', contentEncoding: 'x' }), 'a')).toThrow(
      'cannot check the schema keyword',
    )
  })
})

describe('the editor schema', () => {
  const validate = new Ajv({ strict: false }).compile(workflowEditorSchema(sampleKindList))

  test.each([
    { name: 'w', nodes: { count: 2 }, steps: [{ type: 'wait', seconds: 1, name: 'x', outputs: { a: 'b' } }] },
    { name: 'w', nodes: ['a'], steps: [{ type: 'repeat', count: 1, steps: [{ type: 'wait', seconds: 1 }] }] },
    { name: 'w', remote_nodes: { r: { url: 'http://x' } }, image: 'x' },
    {
      name: 'w',
      nodes: { a: { port: 1 }, b: null },
      steps: [{ type: 'create_group', node: 'a', application_id: 'x' }],
    },
  ])('takes %j', (file) => {
    expect([validate(file), validate.errors]).toEqual([true, null])
  })

  test.each([
    { name: 'w' },
    { nodes: { count: 1 } },
    { name: 'w', nodes: { count: 0 } },
    { name: 'w', nodes: { count: 1 }, steps: [{ type: 'wat' }] },
    { name: 'w', nodes: { count: 1 }, steps: [{ type: 'wait', seconds: 1, second: 2 }] },
    { name: 'w', nodes: { count: 1 }, steps: [{ type: 'repeat', count: 1, steps: [{ type: 'wait' }] }] },
    { name: 'w', nodes: { count: 1 }, steps: [{ type: 'parallel', groups: [{ steps: [{ type: 'wait' }] }] }] },
  ])('refuses %j', (file) => {
    expect(validate(file)).toBe(false)
  })
})

describe('did you mean', () => {
  test('counts edits, a swap of neighbours as one', () => {
    expect([editDistance('', 'ab'), editDistance('kitten', 'sitting'), editDistance('wiat', 'wait')]).toEqual([2, 3, 1])
  })

  test('finds what is near, and nothing else', () => {
    const names = ['wait', 'wait_for_sync', 'call']
    expect([nearest('wiat', names), nearest('wait-for-sync', names), nearest('xyz', names)]).toEqual([
      'wait',
      'wait_for_sync',
      undefined,
    ])
    expect(nearest('w'.repeat(1000), names)).toBeUndefined()
    expect(didYouMean('xyz', names, 'see the list')).toBe('see the list')
  })
})
