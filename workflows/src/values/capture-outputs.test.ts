import { describe, expect, test } from 'vitest'
import { captureOutputs, capturePath, lookUpPath, outputSources } from './capture-outputs.ts'
import type { JsonObject, JsonValue } from './json/json-value.ts'

const reply: JsonValue = {
  data: {
    id: 'abc',
    text: '{"deep": {"x": [1, "2"]}}',
    number: '5',
    nothing: null,
    list: [{ k: 'v' }, 'w'],
    'a.b': 1,
    2: 'two',
  },
}

function captured(outputs: JsonObject, payload: JsonValue = reply): JsonObject {
  return Object.fromEntries(captureOutputs({ outputs, payload, node: 'n1' }))
}

describe('outputs', () => {
  test.each<[JsonValue, JsonValue]>([
    ['id', 'abc'],
    ['number', 5],
    ['nothing', null],
    ['text', { deep: { x: [1, '2'] } }],
    ['text.deep.x.1', 2],
    ['list.0.k', 'v'],
    ['2', 'two'],
    [{ field: 'number' }, '5'],
    [{ field: 'number', json: true }, 5],
    [{ field: 'a.b' }, 1],
    [{ field: 'text', path: 'deep.x.0' }, 1],
    [{ field: 'text', json: true, path: 'deep' }, { x: [1, '2'] }],
  ])('%j captures %j', (form, value) => {
    expect(captured({ v: form })).toEqual({ v: value })
  })

  test('a target names the variable, with the node in it', () => {
    expect(captured({ v: { field: 'id', target: 'id_{node_name}' } })).toEqual({ id_n1: 'abc' })
  })

  test('only one data is unwrapped, and none where there is no data', () => {
    expect(captured({ v: 'data.x' }, { data: { data: { x: 1 } } })).toEqual({ v: 1 })
    expect(captured({ v: 'result.output' }, { jsonrpc: '2.0', result: { output: 'o' } })).toEqual({ v: 'o' })
    expect(captured({ v: '0.contextId' }, { data: [{ contextId: 'c' }] })).toEqual({ v: 'c' })
  })

  test.each<[JsonValue, string]>([
    ['gone', 'reads "gone", which the reply does not have. Available: 2, a.b, id, list, nothing, number, text'],
    ['a.b', 'reads "a.b"'],
    ['list.2', 'reads "list.2"'],
    ['list.-1', 'reads "list.-1"'],
    ['nothing.x', 'reads "nothing.x"'],
    ['', 'reads ""'],
    [{ field: 'gone' }, 'reads "gone"'],
    [{ field: 'id', path: 'x' }, 'reads "id.x"'],
  ])('%j that the reply lacks is an error that lists what there is', (form, message) => {
    expect(() => captured({ v: form })).toThrow(message)
  })

  test.each([[5], [['id']], [{ path: 'id' }], [null]] as JsonValue[][])('%j is no form of an output', (form) => {
    expect(() => captured({ v: form ?? null })).toThrow('write a path')
  })

  test.each<[JsonValue, string]>([
    ['result.outputt', 'Available in "result": id, output; did you mean "result.output"?'],
    ['reslt.output.x', 'Available: result; did you mean "result.output.x"?'],
    ['result.zzzzzz', 'Available in "result": id, output'],
    ['result.output.deep.yyyy', 'Available in "result.output.deep": x'],
    ['result.output.deep.x.y', 'Available: "result.output.deep.x" is no map but 1'],
    ['result.id.3', 'Available: "result.id" is a list of 2 (read it by index: 0.name)'],
    [{ field: 'result', path: 'iid' }, 'Available in "result": id, output; did you mean "result.id"?'],
  ])('%j: what there is is listed at the level that failed', (form, words) => {
    const nested = { result: { output: '{"deep": {"x": 1}}', id: [1, 2] } }
    const message = () => captured({ v: form }, nested)
    expect(message).toThrow(new RegExp(`${words.replaceAll(/[.?()]/g, '\\$&')}$`))
  })

  test('in an error report a missing path stays unset', () => {
    const report = { success: false, error_code: -1, error_message: 'no', data: { x: 1 } }
    expect(captured({ code: 'error_code', out: 'result' }, report)).toEqual({ code: -1 })
    expect(captured({ v: 'x' }, { success: false, data: { x: 1 } })).toEqual({ v: 1 })
  })

  test('kept names are not bound, and are not missed', () => {
    const found = captureOutputs({ outputs: { a: 'gone', b: 'id' }, payload: reply, keep: new Set(['a']) })
    expect(found).toEqual([['b', 'abc']])
  })

  test('describes replies that are no maps', () => {
    expect(() => captured({ v: 'x' }, [1, 2])).toThrow('Available: the reply is a list of 2')
    expect(() => captured({ v: 'x' }, 'text')).toThrow('no map but "text"')
    expect(() => captured({ v: 'x' }, {})).toThrow('empty')
  })

  test('paths for assertions re-read nothing', () => {
    expect(lookUpPath({ a: '{"b": 1}' }, 'a.b')).toBeUndefined()
    expect(lookUpPath({ a: ['5'] }, 'a.0')).toBe('5')
    expect(capturePath({ a: ['5'] }, 'a.0')).toBe(5)
    expect(capturePath({ a: {} }, 'a.toString')).toBeUndefined()
  })

  test('sources', () => {
    expect(outputSources({ a: 'error_code', b: { field: 'x', target: 't' } })).toEqual([
      ['a', 'error_code'],
      ['t', 'x'],
    ])
  })
})

test('a path that is given as a field is told from a key, and what the reply has is listed', () => {
  const capture = (field: string) => captureOutputs({ outputs: { a: { field } }, payload: { result: { output: 0 } } })
  expect(() => capture('result.output')).toThrow(
    'Available: result; "field" is one key, and "result.output" is a path: write it as a text, without "field"',
  )
  expect(() => capture('reslt')).toThrow('Available: result; did you mean "result"?')
})
