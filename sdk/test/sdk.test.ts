import { beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../scripts/build-apps.ts'
import { TinyHost } from './tiny-host.ts'

const COMPILE_TIMEOUT_MS = 300_000

let module: WebAssembly.Module
beforeAll(async () => {
  module = await WebAssembly.compile(await appWasm('every-type'))
}, COMPILE_TIMEOUT_MS)

function started(): TinyHost {
  const host = new TinyHost(module)
  expect(host.call('init', { owner: 'Ann', created: 7 })).toMatchObject({ status: 'ok' })
  return host
}

/** The answer's JSON text to a call that must succeed. */
function answer(host: TinyHost, method: string, args?: object | string): string | undefined {
  const outcome = host.call(method, args)
  expect(outcome).toMatchObject({ status: 'ok', message: undefined })
  return outcome.value
}

describe('the compiled module', () => {
  test('exports its memory, one function a public method and what merges deltas', () => {
    const { exports } = new TinyHost(module).names()
    expect(exports).toContain('memory')
    expect(exports).toContain('put_name')
    expect(exports).not.toContain('_start')
    expect(exports).not.toContain('helper')
    expect(exports.filter((name) => name.startsWith('_'))).toEqual(['__calimero_sync_next'])
  })

  test('imports host functions of env only, and those it uses only', () => {
    const { imports } = new TinyHost(module).names()
    expect(imports).toContain('env.panic_utf8')
    expect(imports).not.toContain('env.abort')
    expect(imports).not.toContain('env.xcall')
  })
})

describe('arguments and results', () => {
  test.each([
    ['echo_string', '"v"'],
    ['echo_string', '""'],
    ['echo_string', '"\\"quotes\\" \\\\ \\n\\t\\u0001 ä € 😀"'],
    ['echo_optional', 'null'],
    ['echo_optional', '"v"'],
    ['echo_bool', 'true'],
    ['echo_bool', 'false'],
    ['echo_u8', '255'],
    ['echo_i32', '-2147483648'],
    ['echo_i64', '-9223372036854775808'],
    ['echo_i64', '9223372036854775807'],
    ['echo_u64', '18446744073709551615'],
    ['echo_u64', '9007199254740993'],
    ['echo_f64', '-0.25'],
    ['echo_f64', '1.7976931348623157e+308'],
    ['echo_strings', '["a","b",""]'],
    ['echo_strings', '[]'],
    ['echo_numbers', '[1,18446744073709551615]'],
    ['echo_map', '{"a":1,"b":18446744073709551615}'],
    ['echo_map', '{}'],
    ['echo_bytes', '[0,127,255]'],
    ['echo_person', '{"name":"Ann","age":30,"friend":{"name":"Bob","age":31,"friend":null}}'],
    ['echo_people', '[{"name":"Ann","age":30,"friend":null}]'],
    ['echo_json', '{"a":[1,2.50,-3e7,{"b":null}],"c":"x","d":true}'],
  ])('%s gives %s back', (method, json) => {
    expect(answer(started(), method, `{"value":${json}}`)).toBe(json)
  })

  test('escapes in any form are understood', () => {
    const host = started()
    expect(answer(host, 'echo_string', '{"value":"\\u0041\\u00e4\\ud83d\\ude00\\/\\b\\f\\r"}')).toBe('"Aä😀/\\b\\f\\r"')
    expect(answer(host, 'echo_string', '{"value":"\\ud83d"}')).toBe('"\ufffd"')
    expect(answer(host, 'echo_string', ' {\n\t"value" : "x" } ')).toBe('"x"')
  })

  test('a method without result answers null', () => {
    expect(answer(started(), 'nothing')).toBe('null')
    expect(answer(started(), 'nothing', {})).toBe('null')
    expect(answer(started(), 'nothing', 'null')).toBe('null')
  })

  test('the order of arguments does not matter and optional ones may be left out', () => {
    expect(answer(started(), 'two', '{"b":2,"a":"x"}')).toBe('"x2"')
    expect(answer(started(), 'echo_optional', {})).toBe('null')
  })

  test.each([
    ['echo_string', '{}', "argument 'value' is missing"],
    ['echo_string', '{"value":1}', "argument 'value' must be a string, not a number"],
    ['echo_string', '{"value":null}', "argument 'value' must be a string, not null"],
    ['echo_u8', '{"value":256}', 'does not fit'],
    ['echo_u8', '{"value":-1}', 'does not fit'],
    ['echo_u64', '{"value":18446744073709551616}', 'does not fit'],
    ['echo_u64', '{"value":184467440737095516150}', 'does not fit'],
    ['echo_i64', '{"value":9223372036854775808}', 'does not fit'],
    ['echo_i64', '{"value":-9223372036854775809}', 'does not fit'],
    ['echo_u64', '{"value":1.5}', 'must be a whole number, not 1.5'],
    ['echo_numbers', '{"value":{"a":1}}', 'must be an array, not an object'],
    ['echo_person', '{"value":{"name":"Ann"}}', "'age' is missing"],
    ['two', '{"a":"x","b":1,"c":2}', "the method has no argument 'c'"],
    ['two', '{"a":"x","a":"y","b":1}', 'an argument is given twice'],
    ['nothing', '{"a":1}', "the method has no argument 'a'"],
    ['nothing', '[]', 'must be a JSON object, not an array'],
    ['nothing', '{', 'malformed JSON at byte 1'],
    ['nothing', '{"a":01}', 'malformed JSON'],
    ['nothing', '{"a":"\u0001"}', 'a control character'],
    ['nothing', '{"a":tru}', 'a value was expected'],
    ['nothing', '{} x', 'more text after the value'],
    ['nothing', `{"a":${'['.repeat(100)}`, 'more than 64 levels'],
  ])('%s refuses %s', (method, args, message) => {
    const outcome = started().call(method, args)
    expect(outcome.status).toBe('panic')
    expect(outcome.message).toContain(message)
  })
})

describe('failures', () => {
  test('a Result answers Err with its JSON', () => {
    const host = started()
    expect(host.call('fails_with_text')).toMatchObject({ status: 'err', value: '"no \\"luck\\""' })
    expect(host.call('fails_with_kind')).toMatchObject({
      status: 'err',
      value: '{"kind":"TooBig","data":18446744073709551615}',
    })
    expect(host.call('fails_with_person')).toMatchObject({
      status: 'err',
      value: '{"name":"Ann","age":3,"friend":null}',
    })
    expect(host.call('succeeds')).toMatchObject({ status: 'ok', value: '7' })
  })

  test('a call that fails does not flush', () => {
    expect(started().call('fails_after_change')).toMatchObject({ status: 'err', flushed: 0 })
  })

  test('throw is a panic that names the line of the source', () => {
    const { status, message } = started().call('throws')
    expect(status).toBe('panic')
    expect(message).toMatch(/^thrown on purpose at apps\/fixtures\/every-type\/assembly\/index\.ts:\d+$/)
  })

  test('a failed check of the language is a panic with a text too', () => {
    expect(started().call('reads_out_of_range', { index: 3 })).toMatchObject({ status: 'panic' })
    expect(started().call('reads_out_of_range', { index: 3 }).message).toContain('Index out of range')
  })

  test('a view can neither change nor tell anything', () => {
    expect(started().call('changes_in_view').message).toContain('a method marked @view cannot change a counter')
    expect(started().call('emits_in_view').message).toContain('a method marked @view cannot emit an event')
  })
})

describe('the life of the state', () => {
  test('init answers nothing, persists and flushes once', () => {
    const host = new TinyHost(module)
    expect(host.call('init', { owner: 'Ann', created: 7 })).toMatchObject({
      value: undefined,
      persisted: 1,
      flushed: 1,
    })
  })

  test('init runs once, and nothing runs before it', () => {
    expect(new TinyHost(module).call('nothing').message).toContain('init has not run')
    expect(started().call('init', { owner: 'Ann', created: 7 }).message).toContain('init runs once')
  })

  test('views neither persist nor flush', () => {
    expect(started().call('get_owner')).toMatchObject({ value: '"Ann 7"', persisted: 0, flushed: 0 })
  })

  test('a method that changes nothing makes no delta', () => {
    expect(started().call('change_nothing')).toMatchObject({ persisted: 0, flushed: 0 })
    expect(started().call('untag', { value: 'absent' })).toMatchObject({ persisted: 0, flushed: 0 })
  })

  test('a changed collection flushes, the root document is left alone', () => {
    expect(started().call('visit')).toMatchObject({ persisted: 0, flushed: 1 })
  })

  test('a changed plain field persists the document with its first time', () => {
    const host = started()
    const { createdAt } = host.state
    expect(host.call('add_label', { label: 'x' })).toMatchObject({ value: '["x"]', persisted: 1, flushed: 1 })
    expect(answer(host, 'add_label', { label: 'y' })).toBe('["x","y"]')
    expect(host.state.createdAt).toBe(createdAt)
    expect(JSON.parse(host.state.root ?? '').fields).toEqual({ owner: 'Ann', created: 7, labels: ['x', 'y'] })
  })

  test('the document names the collections and their ids', () => {
    const { collections } = JSON.parse(started().state.root ?? '')
    expect(Object.keys(collections)).toEqual(['names', 'ages', 'people', 'blobs', 'tags', 'title', 'limit', 'visits'])
    expect(new Set(Object.values(collections)).size).toBe(8)
  })

  test('a call that only tells an event makes a delta to carry it', () => {
    const host = started()
    const outcome = host.call('only_emit')
    expect(outcome).toMatchObject({ persisted: 0, flushed: 1 })
    expect([...host.state.collections.keys()].map((id) => Buffer.from(id, 'hex').toString())).toContain(
      'calbox/sdk/events-without-change',
    )
    expect(outcome.events).toEqual([{ kind: 'Touched', data: '{"count":18446744073709551615}', handler: undefined }])
  })
})

describe('collections', () => {
  test('a map of strings', () => {
    const host = started()
    expect(answer(host, 'put_name', { key: 'b', value: '1' })).toBe('false')
    expect(answer(host, 'put_name', { key: 'b', value: '2' })).toBe('true')
    answer(host, 'put_name', { key: 'ä', value: '3' })
    answer(host, 'put_name', { key: 'B', value: '4' })
    expect(answer(host, 'name_keys')).toBe('["B","b","ä"]')
    expect(answer(host, 'name_values')).toBe('["4","2","3"]')
    expect(answer(host, 'delete_name', { key: 'b' })).toBe('true')
    expect(answer(host, 'delete_name', { key: 'b' })).toBe('false')
  })

  test('a map of numbers', () => {
    const host = started()
    answer(host, 'put_age', '{"key":4294967295,"value":18446744073709551615}')
    expect(answer(host, 'age', '{"key":4294967295}')).toBe('18446744073709551615')
    expect(answer(host, 'age', '{"key":1}')).toBe('0')
    expect(answer(host, 'ages_all')).toBe('{"4294967295":18446744073709551615}')
  })

  test('a map of objects', () => {
    const host = started()
    const person = { name: 'Ann', age: 3, friend: { name: 'Bob', age: 4, friend: null } }
    answer(host, 'put_person', { person })
    expect(answer(host, 'person', { name: 'Ann' })).toBe(JSON.stringify(person))
    expect(answer(host, 'person', { name: 'Bob' })).toBe('null')
  })

  test('a map of bytes', () => {
    const host = started()
    answer(host, 'put_blob', { key: [0, 255], value: [] })
    expect(answer(host, 'blob', { key: [0, 255] })).toBe('[]')
    expect(answer(host, 'blob', { key: [0] })).toBe('null')
  })

  test('a set', () => {
    const host = started()
    expect(answer(host, 'tag', { value: 'y' })).toBe('true')
    expect(answer(host, 'tag', { value: 'y' })).toBe('false')
    answer(host, 'tag', { value: 'x' })
    expect(answer(host, 'all_tags')).toBe('["x","y"]')
    expect(answer(host, 'tag_count')).toBe('2')
    expect(answer(host, 'untag', { value: 'y' })).toBe('true')
    expect(answer(host, 'has_tag', { value: 'y' })).toBe('false')
    answer(host, 'clear_tags')
    expect(answer(host, 'all_tags')).toBe('[]')
  })

  test('registers', () => {
    const host = started()
    expect(answer(host, 'get_title')).toBe('null')
    answer(host, 'set_title', { value: '' })
    expect(answer(host, 'get_title')).toBe('""')
    answer(host, 'set_title', { value: null })
    expect(answer(host, 'get_title')).toBe('null')
    expect(answer(host, 'get_limit')).toBe('10')
    answer(host, 'set_limit', '{"value":18446744073709551615}')
    expect(answer(host, 'get_limit')).toBe('18446744073709551615')
  })

  test('a counter', () => {
    const host = started()
    answer(host, 'visit')
    expect(answer(host, 'visit_count')).toBe('2')
    expect(answer(host, 'my_visit_count')).toBe('2')
  })
})

describe('surroundings', () => {
  test('ids, time, randomness, logs', () => {
    const host = started()
    expect(answer(host, 'who')).toBe(`"${'01'.repeat(32)} ${'02'.repeat(32)} ${'03'.repeat(32)}"`)
    const [first, second] = (answer(host, 'two_times') ?? '').slice(1, -1).split(',').map(BigInt)
    expect((second ?? 0n) - (first ?? 0n)).toBe(1n)
    expect(answer(host, 'random_length', { length: 33 })).toBe('33')
    expect(host.call('say', { text: 'häl\nlo' }).logs).toEqual(['häl\nlo'])
  })

  test.each(['', 'abc', 'x'.repeat(55), 'x'.repeat(56), 'x'.repeat(64), 'x'.repeat(1000)])(
    'sha256 of %s',
    async (text) => {
      const { createHash } = await import('node:crypto')
      expect(answer(started(), 'hash', { text })).toBe(`"${createHash('sha256').update(text).digest('hex')}"`)
    },
  )

  test('private data stays out of the delta', () => {
    const host = started()
    expect(answer(host, 'draft', { name: 'a' })).toBe('null')
    expect(host.call('save_draft', { name: 'a', text: 'hello' })).toMatchObject({ status: 'ok', flushed: 0 })
    expect(answer(host, 'draft', { name: 'a' })).toBe('"hello"')
    expect([...host.state.private.keys()].map((key) => key.length)).toEqual([64])
    expect(answer(host, 'drop_draft', { name: 'a' })).toBe('true')
  })

  test('JSON of any shape survives', () => {
    const text = '{"a":[[],{},"",0,-1.5e-7,null,true],"":{"b":"\\""}}'
    expect(answer(started(), 'json_round_trip', { text })).toBe(JSON.stringify(text))
  })
})
