import { expect, test } from 'vitest'
import { allowedMethods } from './allowed-methods.ts'

test('a path knows its methods, whatever its parameters are', () => {
  const methods = allowedMethods([
    { method: 'GET', url: '/admin-api/contexts/:id' },
    { method: 'DELETE', url: '/admin-api/contexts/:id' },
    { method: 'POST', url: '/admin-api/contexts/:id/join' },
    { method: 'POST', url: '/json.rpc' },
  ])
  expect(methods('/admin-api/contexts/abc')).toEqual(['DELETE', 'GET', 'HEAD'])
  expect(methods('/admin-api/contexts/abc/')).toEqual(['DELETE', 'GET', 'HEAD'])
  expect(methods('/admin-api/contexts/abc/join')).toEqual(['POST'])
  expect(methods('/admin-api/contexts')).toEqual([])
  expect(methods('/json-rpc')).toEqual([])
})
