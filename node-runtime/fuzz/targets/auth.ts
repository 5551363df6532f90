// What the store has of keys and logins, and permissions as clients write them.

import { decodeKey, decodeSession, decodeSigningSecret, encodeRecord, type Key } from '../../src/auth/keys/records.ts'
import { readNewPermissions, readPermissions } from '../../src/auth/permissions.ts'
import { type Bytes, fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { Rejected, type Target } from '../target.ts'

const DAMAGED = ['AUTH_STORE_DAMAGED']
const id = 'ab'.repeat(32)
const root: Key = {
  kind: 'root',
  id,
  permissions: ['admin'],
  createdAtMs: 1,
  publicKey: 'dev',
  method: 'user_password',
  password: { cost: 16_384, blockSize: 8, parallelization: 1, salt: '00', hash: '11' },
}
const client: Key = { kind: 'client', id, permissions: ['context[x,y]'], createdAtMs: 1, rootId: id, name: 'app' }

const keyTarget: Target = {
  name: 'auth-key',
  decoders: ['auth/keys/records.ts#decodeKey'],
  codes: DAMAGED,
  format: 'text',
  seeds: [encodeRecord(root), encodeRecord(client)],
  run: (input) => hasManyForms(decodeKey(input)),
}

const sessionTarget: Target = {
  name: 'auth-session',
  decoders: ['auth/keys/records.ts#decodeSession'],
  codes: DAMAGED,
  format: 'text',
  seeds: [encodeRecord({ id: 'cd'.repeat(16), keyId: id, refreshId: 'r', createdAtMs: 1, expiresAtMs: 2 })],
  run: (input) => hasManyForms(decodeSession(input)),
}

const secretTarget: Target = {
  name: 'auth-signing-secret',
  decoders: ['auth/keys/records.ts#decodeSigningSecret'],
  codes: DAMAGED,
  format: 'text',
  seeds: [encodeRecord({ id: 'ef'.repeat(8), sealed: '0011', createdAtMs: 1 })],
  run: (input) => hasManyForms(decodeSigningSecret(input)),
}

/** One a line. */
const permissionTarget: Target = {
  name: 'permissions',
  decoders: ['auth/permissions.ts#readPermissions'],
  codes: ['AUTH_INPUT', 'NOT_TEXT'],
  format: 'text',
  seeds: [utf8('admin'), utf8('context:execute[c,u,m]\nblob:add:file\nkeys'), utf8('namespace:list\ngroup[a]')],
  run: (input) => hasManyForms(readPermissions(textOf(input).split('\n'))),
}

/** Those that a key is given: one that would grant nothing is refused. */
const newPermissionTarget: Target = {
  ...permissionTarget,
  name: 'new-permissions',
  decoders: ['auth/permissions.ts#readNewPermissions'],
  run: (input) => hasManyForms(readNewPermissions(textOf(input).split('\n'))),
}

/** One value, many texts: there is nothing to compare the input with. */
function hasManyForms(_value: unknown): undefined {}

function textOf(input: Bytes): string {
  try {
    return fromUtf8(input)
  } catch {
    throw new Rejected('NOT_TEXT')
  }
}

export const authTargets: readonly Target[] = [
  keyTarget,
  sessionTarget,
  secretTarget,
  permissionTarget,
  newPermissionTarget,
]
