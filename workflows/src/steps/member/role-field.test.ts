import { expect, test } from 'vitest'
import { roleOf, roleOfNew } from './role-field.ts'

test('roles are taken in any spelling, and other words are none, whatever they are called', () => {
  expect([roleOf('read-only'), roleOf('ADMIN'), roleOf('Owner')]).toEqual(['ReadOnly', 'Admin', 'Owner'])
  expect([roleOf('constructor'), roleOfNew('constructor'), roleOfNew('__proto__')]).toEqual([
    'constructor',
    'Member',
    'Member',
  ])
})
