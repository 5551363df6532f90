import { type TSchema, Type } from 'typebox'
import { Settings } from 'typebox/system'
import { expect, test } from 'vitest'
import { PROBLEMS_FOUND_MAX } from '../limits.ts'
import { problemsOf } from './problem-text.ts'

const told = (schema: TSchema, value: unknown) => problemsOf(schema, value).texts
const nothing = Type.Null()
const tagged = <S extends string, P extends Parameters<typeof Type.Object>[0]>(scope: S, params: P) =>
  Type.Object({ scope: Type.Literal(scope), params: Type.Object(params) })
const Actions = Type.Object({
  actions: Type.Array(
    Type.Union([tagged('Transfer', { to: Type.String() }), tagged('Limit', { count: Type.Integer() })]),
  ),
})

test('a constant is told', () => {
  expect(told(Type.Object({ jsonrpc: Type.Literal('2.0') }), { jsonrpc: '1.0' })).toEqual(['/jsonrpc must be "2.0"'])
})

test('of several constants all are told, once', () => {
  const Visibility = Type.Union([Type.Literal('open'), Type.Literal('restricted')])
  expect(told(Type.Object({ v: Visibility }), { v: 'x' })).toEqual(['/v must be one of "open", "restricted"'])
  expect(told(Type.Object({ v: Type.Union([Visibility, nothing]) }), { v: 'x' })).toEqual([
    '/v must be one of "open", "restricted"',
  ])
})

test('that nothing would do, too, is not told of what was sent', () => {
  const Invite = Type.Union([
    nothing,
    Type.Object({ lifetime: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), nothing])) }),
  ])
  expect(told(Invite, { lifetime: -5 })).toEqual(['/lifetime must be >= 1'])
})

test('of alternatives that a constant tells apart the one that was meant is told', () => {
  expect(told(Actions, { actions: [{ scope: 'Limit', params: { count: 'x' } }] })).toEqual([
    '/actions/0/params/count must be integer',
  ])
  expect(told(Actions, { actions: [{ scope: 'Other', params: {} }] })).toEqual([
    '/actions/0/scope must be one of "Transfer", "Limit"',
  ])
})

test('what all alternatives say is said once, and nothing that only some of them say', () => {
  expect(told(Actions, { actions: [{}] })).toEqual(['/actions/0 must have required properties scope, params'])
  expect(told(Actions, { actions: [{ params: {} }] })).toEqual(['/actions/0 must have required properties scope'])
})

test('different words of alternatives are one problem, of which one is enough', () => {
  const Amount = Type.Union([Type.Integer(), Type.String({ pattern: '^\\d+$' })])
  expect(told(Type.Object({ n: Amount }), { n: 'x' })).toEqual(['/n must be integer, or must match pattern "^\\d+$"'])
  const Either = Type.Union([Type.Object({ a: Type.String() }), Type.Object({ b: Type.Object({ c: Type.String() }) })])
  expect(told(Either, { a: 1, b: { c: 2 } })).toEqual([' /a must be string, or /b/c must be string'])
})

test('a constant that would do in the place of another alternative is told with it', () => {
  const Limit = Type.Union([Type.Literal('none'), Type.Integer()])
  expect(told(Type.Object({ n: Limit }), { n: 'x' })).toEqual(['/n must be "none", or must be integer'])
})

test('of more problems than are looked for nothing false is told, and the limit of others stays', () => {
  const before = Settings.Get().maxErrors
  const wrong = { scope: 'Limit', params: { count: 'x' } }
  const many = (count: number) => problemsOf(Actions, { actions: Array.from({ length: count }, () => wrong) })
  const { texts, areAll } = many(PROBLEMS_FOUND_MAX)
  expect(areAll).toBe(false)
  expect(texts.length).toBeGreaterThan(2)
  expect(texts).toEqual(texts.map((_, index) => `/actions/${index}/params/count must be integer`))
  expect(many(2)).toMatchObject({ areAll: true })
  expect(Settings.Get().maxErrors).toBe(before)
})

test('what has no alternatives is told as it is', () => {
  const Body = Type.Object({ a: Type.String(), b: Type.Integer() })
  expect(told(Body, { a: 1, b: 'x' })).toEqual(['/a must be string', '/b must be integer'])
})
