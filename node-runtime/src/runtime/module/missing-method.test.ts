import { expect, test } from 'vitest'
import { missingMethod } from './missing-method.ts'

const METHODS = ['init', 'set', 'get', 'entries', '__calimero_sync_next']

test('a method that is not there is answered with those that are, and with the nearest', () => {
  expect(missingMethod('gett', METHODS)).toBe(
    'method "gett" not found: the app does not export it; did you mean "get"?\nit exports entries, get, set',
  )
  expect(missingMethod('Entreis', METHODS)).toContain('did you mean "entries"?')
  expect(missingMethod('transfer', METHODS)).toBe(
    'method "transfer" not found: the app does not export it\nit exports entries, get, set',
  )
})

test('of many methods some are named and the rest are counted', () => {
  const many = Array.from({ length: 35 }, (_, index) => `method_${String(index).padStart(2, '0')}`)
  expect(missingMethod('x', many)).toMatch(/method_29 and 5 more$/)
  expect(missingMethod('x', ['init'])).toMatch(/it exports no methods$/)
})
