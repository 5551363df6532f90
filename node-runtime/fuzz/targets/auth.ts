// What the store has of keys and logins, and permissions as clients write them.

import { decodeKey, decodeSession, decodeSigningSecret, encodeRecord, type Key } from '../../src/auth/keys/records.ts'
import { PERMISSION_CHARS_MAX, PERMISSIONS_CHARS_MAX, PERMISSIONS_MAX } from '../../src/auth/limits.ts'
import { coveredBy, covers, coversSome, readNewPermissions, readPermissions } from '../../src/auth/permissions.ts'
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
  seeds: [
    'admin',
    'context:execute[c,u,m]\nblob:add:file\nkeys',
    'context:execute[c]\ncontext:execute[c,,m]\ncontext:execute[c,v]',
    'namespace:list\ngroup[a]\ncontext[c]\nblob:get[b]',
    'context:alias:create:application\ncontext:nothing',
    'context:list[a,]\ncontext:execute[c,u,m,n]',
    'admin[a]',
    'keys[a]',
    'group[,a]',
    'admin:a',
    `context[${'a'.repeat(PERMISSION_CHARS_MAX)}]`,
    'admin\n'.repeat(PERMISSIONS_MAX),
    `${'a'.repeat(200)}\n`.repeat(Math.ceil(PERMISSIONS_CHARS_MAX / 200)),
  ].map(utf8),
  run(input) {
    const read = readPermissions(textOf(input).split('\n'))
    for (const asked of [...ASKED, ...read]) {
      const isCovered = coveredBy(read, asked)
      if (isCovered && !coversSome(read, asked)) throw new Error('what is granted is granted for nothing at all')
      if (isCovered !== read.some((grant) => covers(grant, asked))) throw new Error('a grant is lost among others')
    }
    return undefined
  },
}

/** As routes ask. */
const ASKED = [
  'keys:list',
  'context:execute[c,u,m]',
  'context:execute[c]',
  'context:list[c]',
  'context:delete[c]',
  'blob:get[b]',
]

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
