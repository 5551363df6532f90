import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonFloat, type JsonValue } from './json/json-value.ts'
import { resolve, resolveToText } from './placeholders.ts'
import { Variables } from './variables.ts'

const variables = new Variables([
  ['i', 5],
  ['a1', 'x'],
  ['a2', 'y'],
  ['d', { output: 'v' }],
  ['b', true],
  ['n', null],
  ['f', new JsonFloat(1)],
  ['big', 2n ** 64n - 1n],
  ['marks', '{{i}}'],
])

describe('resolving a text', () => {
  test.each<[string, JsonValue]>([
    ['plain', 'plain'],
    ['x{{i}}', 'x5'],
    ['{{ i }}', 5],
    ['{{i}}', 5],
    [' {{i}}', ' 5'],
    ["'{{i}}'", "'5'"],
    ['{{a1}}{{a2}}', '{{a1}}{{a2}}'],
    ['{{a1}}-{{a2}}', '{{a1}}-{{a2}}'],
    ['x{{nope}}y', 'xnopey'],
    ['{{nope}}', '{{nope}}'],
    ['x{{d}}', "x{'output': 'v'}"],
    ['x{{b}}{{n}}', 'xTrueNone'],
    ['{{d.output}}', '{{d.output}}'],
    ['{{n}}', null],
    ['x{{f}}', 'x1.0'],
    ['x{{big}}', 'x18446744073709551615'],
    ["'quoted'", 'quoted'],
    ['"quoted"', 'quoted'],
    ["''", ''],
    ["'", "'"],
    ['\'a"', '\'a"'],
    ["'a' == 'b'", "a' == 'b"],
    ['x{{marks}}', 'x{{i}}'],
    ['x{{i', 'x{{i'],
    ['}} {{', '}} {{'],
    ['x{{i}} {{', 'x5 {{'],
    ["'{{'", "'{{'"],
  ])('%j gives %j', (text, value) => {
    expect(resolve(text, variables)).toEqual(value)
  })

  test('goes through lists and the values of maps, not the keys', () => {
    expect(resolve({ '{{i}}': ['{{i}}', { k: "'q'" }], n: 1 }, variables)).toEqual({ '{{i}}': [5, { k: 'q' }], n: 1 })
  })

  test('gives the Python text where a text is needed', () => {
    expect(resolveToText('{{b}}', variables)).toBe('True')
  })

  test.each(['{{nope}}', 'x{{nope}}', '{{a1}}-{{a2}}', '}} {{'])('%j is an error in strict mode', (text) => {
    expect(() => resolve(text, variables, { strict: true })).toThrow(/is not set/)
  })

  test('tells the names that were unknown', () => {
    const names: string[] = []
    resolve(['{{x}}', 'a{{y}}{{i}}'], variables, { onUnresolved: (name) => names.push(name) })
    expect(names).toEqual(['x', 'y'])
  })

  test('no text makes it throw', () => {
    const pieces = fc.constantFrom('{{', '}}', 'i', ' ', "'", '"', 'invite.', 'context.', '_identity.', 'x')
    fc.assert(fc.property(fc.array(pieces), (parts) => void resolve(parts.join(''), variables)))
  })
})

describe('the legacy families', () => {
  const store = new Variables([['app_id_n1', 'app']])
  store.setRawResult('install_n2', { applicationId: 'raw app' })
  store.setRawResult('context_n1', { data: { contextId: 'ctx', memberPublicKey: 'key' } })
  store.setRawResult('identity_n2', { data: { publicKey: 'pk2' } })
  store.setRawResult('invite_n1_pk2', { data: { invitation: { a: 1 } } })
  store.setRawResult('identity_odd', [1])

  test.each<[string, JsonValue]>([
    ['{{install.n1}}', 'app'],
    ['{{install.n2}}', 'raw app'],
    ['{{install.n3}}', '{{install.n3}}'],
    ['{{context.n1}}', 'ctx'],
    ['{{context.n1.memberPublicKey}}', 'key'],
    ['{{context.n1.other}}', '{{context.n1.other}}'],
    ['{{identity.n2}}', 'pk2'],
    ['{{identity.odd}}', '[1]'],
    ['{{invite.n1_identity.n2}}', { a: 1 }],
    ['{{invite.n1}}', '{{invite.n1}}'],
    ['x{{context.n1}}', 'xctx'],
    ['x{{context.n9}}', 'xcontext.n9'],
  ])('%s gives %j', (text, value) => {
    expect(resolve(text, store)).toEqual(value)
  })

  test('an exported variable goes before the raw result', () => {
    const scope = store.scope({ context_id_n1: 'newer' })
    expect(resolve('{{context.n1}}', scope)).toBe('newer')
  })
})

describe('variables', () => {
  test('a scope starts as a copy, and keeps what it sets; raw results are shared', () => {
    const outer = new Variables([['a', 1]])
    const scope = outer.scope({ iteration: 1 })
    scope.set('a', 2)
    scope.setRawResult('call_n1', 'raw')
    outer.set('b', 3)
    expect([outer.get('a'), scope.get('a'), scope.has('b'), outer.has('iteration')]).toEqual([1, 2, false, false])
    expect(outer.rawResult('call_n1')).toBe('raw')
    expect(outer.names()).toEqual(['a', 'b'])
    scope.delete('a')
    expect([...scope.entries()]).toEqual([['iteration', 1]])
  })
})
