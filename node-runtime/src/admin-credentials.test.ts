import { fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readAdminCredentials } from './admin-credentials.ts'

test('a password comes from a file, or from one that is open already and is closed then', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'calnode-admin-'))
  const file = path.join(folder, 'password')
  writeFileSync(file, 'long enough\n')
  const wanted = { username: 'ann', password: 'long enough' }
  expect(await readAdminCredentials({ adminUser: 'ann', adminPasswordFile: file }, {})).toEqual(wanted)
  const open = openSync(file, 'r')
  rmSync(folder, { recursive: true })
  expect(await readAdminCredentials({ adminUser: 'ann', adminPasswordFile: `/dev/fd/${open}` }, {})).toEqual(wanted)
  expect(() => fstatSync(open)).toThrow('EBADF')
  await expect(readAdminCredentials({ adminUser: 'ann', adminPasswordFile: file }, {})).rejects.toThrow(
    'cannot be read',
  )
})

test('a password that the environment has leaves it', async () => {
  const env = { MERO_AUTH_ADMIN_USER: 'ann', MERO_AUTH_ADMIN_PASSWORD: 'long enough' }
  expect(await readAdminCredentials({}, env)).toEqual({ username: 'ann', password: 'long enough' })
  expect(env).toEqual({ MERO_AUTH_ADMIN_USER: 'ann' })
})
