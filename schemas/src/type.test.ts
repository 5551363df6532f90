import { Type as TypeBox } from 'typebox'
import { expect, test } from 'vitest'
import { Type } from './type.ts'

function samples(type: typeof Type) {
  const text = type.String({ minLength: 1, description: 'A text.' })
  const fields = { text, often: type.Optional(type.Integer({ minimum: 1, default: 2 })), any: type.Unknown() }
  return [
    text,
    type.Any({ title: 'x' }),
    type.Array(text, { minItems: 1, uniqueItems: true }),
    type.Boolean(),
    type.Boolean({ default: false }),
    type.Intersect([type.String({ minLength: 2 }), type.String({ maxLength: 4 })]),
    ...(['a', 1, true] as const).map((value) => type.Literal(value)),
    type.Null(),
    type.Number({ exclusiveMinimum: 0 }),
    type.Object({}),
    type.Object(fields, { additionalProperties: false, description: 'A map.' }),
    type.Object({ ...fields, often: type.Optional(text) }),
    type.Object({ inner: type.Optional(type.Object(fields)), text: type.Optional(text), same: text }),
    type.Record(type.String(), type.Unknown(), { minProperties: 1 }),
    type.Record(type.String(), text),
    type.Union([text, type.Literal('none'), type.Array(type.String())], { description: 'One or more.' }),
    type.Unsafe({ type: 'string', contentEncoding: 'base64' }),
  ]
}

test('schemas are those that TypeBox makes, to the order of their keywords', () => {
  expect(samples(Type).map((schema) => JSON.stringify(schema))).toEqual(
    samples(TypeBox).map((schema) => JSON.stringify(schema)),
  )
})

test('what is optional in one place stays required in others', () => {
  const text = Type.String()
  Type.Object({ text: Type.Optional(text) })
  expect(Type.Object({ text })).toMatchObject({ required: ['text'] })
})
