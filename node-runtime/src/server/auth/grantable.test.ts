// What routes ask about one thing can be granted for one thing.
import { expect, test } from 'vitest'
import { readNewPermissions } from '../../auth/permissions.ts'
import { permissionFor } from '../access/admission.ts'
import { DECLARATIONS } from '../api.ts'

test('a key may be given what a route asks, with the brackets that it asks with', () => {
  const params = { id: 'a', app: 'a', gid: 'a', ns: 'a', pkg: 'a' }
  const asked = DECLARATIONS.map((route) => permissionFor(route, params)).filter((each) => /\[/.test(each))
  expect(asked.length).toBeGreaterThan(10)
  for (const permission of new Set(asked)) expect(readNewPermissions([permission])).toEqual([permission])
})
