import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PERMISSION_CHARS_MAX, PERMISSIONS_MAX } from './limits.ts'
import { coveredBy, covers, coversSome, readNewPermissions, readPermissions } from './permissions.ts'

test.each([
  ['admin', 'context:delete[a]', true],
  ['admin', 'admin', true],
  ['context', 'admin', false],
  ['context', 'context:list', true],
  ['context', 'context:list[a]', true],
  ['context', 'context:alias:create', true],
  ['context:list', 'context', false],
  ['context:list', 'context:list[a]', true],
  ['context:list[a]', 'context:list[a]', true],
  ['context:list[a]', 'context:list[b]', false],
  ['context:list[a]', 'context:list', false],
  ['context:list[a,b]', 'context:list[b,a]', true],
  ['context:list[a]', 'context:list[a,b]', false],
  ['context:list', 'context:listen', false],
  ['package', 'package:list-versions[p]', true],
  ['blob:add', 'blob:add:stream', true],
  ['blob:add:url', 'blob:add:stream', false],
  ['blob', 'blobs', false],
  ['keys', 'keys:clients:delete', true],
  ['context[c,who]', 'context:execute[c]', true],
  ['context[c,who]', 'context:list[c]', true],
  ['context[c,who]', 'context:delete[c]', false],
  ['context[c]', 'context:leave[c]', false],
  ['context:leave[c]', 'context:leave[c]', true],
  ['context[c]', 'context:capabilities:grant[c]', false],
  ['context[c]', 'context:application:update[c]', false],
  ['context:capabilities[c]', 'context:capabilities:grant[c]', true],
  ['context', 'context:delete[c]', true],
  ['context[c,who]', 'context:execute[d]', false],
  ['context[c,who]', 'context:execute[c,other]', false],
  ['context:execute[c,,get]', 'context:execute[c,,get]', true],
  ['context:execute[c,,get]', 'context:execute[c,,set]', false],
  ['context:execute[c,,get]', 'context:execute[c]', false],
  ['context:execute[]', 'context:execute[c]', false],
  ['', 'context', false],
  ['Admin', 'context', false],
  ['admin[x]', 'context', false],
  ['context:list[a]]', 'context:list[a]', false],
  ['context', 'context:list[a[b]]', false],
])('%s covers %s: %s', (grant, asked, expected) => {
  expect(covers(grant, asked)).toBe(expected)
})

test('who may execute in one context gets as far as the call, and no further than that context', () => {
  const grants = ['context:execute[c]']
  expect([coversSome(grants, 'context:execute'), coversSome(grants, 'context:list')]).toEqual([true, false])
  expect(coveredBy(grants, 'context:execute')).toBe(false)
  expect([coveredBy(grants, 'context:execute[c]'), coveredBy(grants, 'context:execute[d]')]).toEqual([true, false])
  const some = [['blob'], ['context[c]'], ['admin[c]'], ['context:execute[c,,get]']]
  expect(some.map((each) => coversSome(each, 'context:execute'))).toEqual([false, true, false, true])
})

test('what no grammar has is refused, and so are too many', () => {
  expect(readPermissions(['context:list[b]', 'admin', 'admin'])).toEqual(['admin', 'context:list[b]'])
  for (const wrong of [
    '',
    'root',
    'context:',
    'context list',
    'context[a',
    'blob[a\r\nb]',
    'blob[ä]',
    `blob[${'x'.repeat(PERMISSION_CHARS_MAX)}]`,
  ]) {
    expect(() => readPermissions([wrong]), wrong).toThrow(expect.objectContaining({ code: 'AUTH_INPUT' }))
  }
  expect(() => readPermissions(Array(PERMISSIONS_MAX + 1).fill('admin'))).toThrow(/at most/)
  expect(() => readPermissions(Array(20).fill(`blob[${'x'.repeat(300)}]`))).toThrow(/characters; at most/)
})

test.each([
  'admin[x]',
  'admin:all',
  'context:alias[foo]',
  'context:alias:list:context[foo]',
  'blob:list[x]',
  'keys:list[x]',
  'blob:add:nope',
  'context:execute[]',
  'context:execute[,,get]',
  'context[]',
  'blob:get[a,,b]',
  'context:listen',
  'context:execute[c,,get,x]',
])('%s would grant nothing, or not what it seems to, and is not given', (idle) => {
  expect(() => readNewPermissions(['blob', idle])).toThrow(expect.objectContaining({ code: 'AUTH_INPUT' }))
  // A key of before that has it can still be changed.
  expect(readPermissions([idle])).toEqual([idle])
})

test('what may be given is more than one word, and of some ids', () => {
  const good = [
    'admin',
    'blob:add:url',
    'context:alias:delete:context',
    'context:execute[c,,get]',
    'context[c,me]',
    'keys:list',
  ]
  expect(readNewPermissions(good)).toEqual(good.toSorted())
})

test('a longer grant never covers what a shorter one does not', () => {
  const part = fc.constantFrom('context', 'list', 'execute', 'blob', 'alias')
  const ids = fc.option(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }))
  const permission = fc
    .tuple(fc.array(part, { minLength: 1, maxLength: 3 }), ids)
    .map(([path, scope]) => path.join(':') + (scope ? `[${scope.join(',')}]` : ''))
  fc.assert(
    fc.property(permission, permission, (grant, asked) => {
      if (!covers(grant, asked)) return
      const umbrella = grant.replace(/\[.*/, '').split(':')[0] ?? ''
      expect(covers(umbrella, asked)).toBe(true)
    }),
  )
})
