// What administrators do with keys. Only a root key makes, changes or deletes keys, and never gives away more than it
// has itself: whoever steals the token of a program cannot make lasting keys with it.
import { toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { Caller } from '../callers.ts'
import { AuthError } from '../errors.ts'
import { CLIENT_KEYS_MAX, ROOT_KEYS_MAX } from '../limits.ts'
import { ADMIN, coveredBy, readNewPermissions, readPermissions } from '../permissions.ts'
import type { Credentials, Provider } from '../providers/provider.ts'
import type { Sessions, TokenPair } from '../sessions.ts'
import { boundTo } from '../tokens/node-binding.ts'
import type { BookChange, KeyBook } from './key-book.ts'
import { keyIdOf } from './key-id.ts'
import type { ClientKey, Key, RootKey } from './records.ts'

export interface NewRootKey extends Credentials {
  readonly method: string
}

export interface NewClientKey {
  readonly contextId: string | undefined
  readonly contextIdentity: string | undefined
  readonly permissions: readonly string[]
  readonly nodeUrl: string | undefined
}

export interface KeyAdminParts {
  readonly book: KeyBook
  readonly sessions: Sessions
  readonly providers: ReadonlyMap<string, Provider>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export class KeyAdmin {
  readonly #parts: KeyAdminParts

  constructor(parts: KeyAdminParts) {
    this.#parts = parts
  }

  roots(): readonly RootKey[] {
    return this.#parts.book.roots()
  }

  clients(): readonly ClientKey[] {
    return this.#parts.book.keys().filter((key) => key.kind === 'client')
  }

  /** With every permission. Throws AuthError: PERMISSION_DENIED, AUTH_INPUT, KEY_EXISTS, KEYS_FULL. */
  async addRoot(caller: Caller, { method, ...credentials }: NewRootKey): Promise<RootKey> {
    onlyRoot(caller, 'add a root key')
    const { book, clock, providers } = this.#parts
    const provider = providers.get(method)
    if (provider === undefined) {
      throw new AuthError('AUTH_INPUT', `auth_method is one of ${[...providers.keys()].join(', ')}`)
    }
    const kept = await provider.enrol(credentials)
    const publicKey = provider.accountOf(credentials)
    const key: RootKey = {
      kind: 'root',
      id: keyIdOf(method, publicKey),
      publicKey,
      method,
      permissions: [ADMIN],
      createdAtMs: Math.trunc(clock.nowMs()),
      ...kept,
    }
    await book.change((change) => {
      const known = book.key(key.id)
      if (known !== undefined && known.revokedAtMs === undefined) {
        throw new AuthError('KEY_EXISTS', 'there is a key of this name already; delete it first')
      }
      if (known === undefined && book.roots().length >= ROOT_KEYS_MAX) throw full('root', ROOT_KEYS_MAX)
      change.dropSessionsOf(key.id)
      change.putKey(key)
    })
    this.#log(caller, key, 'root key added')
    return key
  }

  /** Throws AuthError: PERMISSION_DENIED, KEY_NOT_FOUND, LAST_ADMIN. What was made with it is worthless at once. */
  revokeRoot(caller: Caller, id: string): Promise<RootKey> {
    onlyRoot(caller, 'delete a root key')
    return this.#change(caller, 'root key revoked', (change) => {
      const key = this.#root(id)
      if (key.revokedAtMs !== undefined) return key
      this.#keepAnAdmin(key)
      for (const client of this.clients()) if (client.rootId === id) this.#end(change, client)
      return this.#end(change, key)
    })
  }

  /**
   * Its tokens say what it may do. Throws AuthError: AUTH_INPUT, KEYS_FULL, and PERMISSION_DENIED for more than the
   * caller may do.
   */
  async addClient(caller: Caller, asked: NewClientKey): Promise<TokenPair> {
    onlyRoot(caller, 'make a client key')
    const { book, clock, random, sessions } = this.#parts
    const { contextId, contextIdentity } = asked
    const ids = [contextId, contextIdentity].filter((id) => id !== undefined && id !== '')
    const permissions = readNewPermissions([
      ...asked.permissions,
      ...(ids.length > 0 ? [`context[${ids.join(',')}]`] : []),
    ])
    onlyHeld(caller, permissions)
    const id = toHex(random.bytes(32))
    const key: ClientKey = {
      kind: 'client',
      id,
      rootId: caller.keyId,
      name: contextId === undefined || contextId === '' ? 'client' : `client of ${contextId}`,
      permissions,
      createdAtMs: Math.trunc(clock.nowMs()),
    }
    const pair = await sessions.begin(key, boundTo(asked.nodeUrl), (change) => {
      if (this.#root(caller.keyId).revokedAtMs !== undefined) throw denied('its key was revoked meanwhile')
      this.#makeRoom(change, book.keys())
      change.putKey(key)
    })
    this.#log(caller, key, 'client key made')
    return pair
  }

  /** `rootId`: whose it must be. Throws AuthError KEY_NOT_FOUND. */
  revokeClient(caller: Caller, id: string, rootId?: string): Promise<ClientKey> {
    return this.#change(caller, 'client key revoked', (change) => {
      const key = this.#parts.book.key(id)
      if (key?.kind !== 'client' || (rootId !== undefined && key.rootId !== rootId)) throw unknown(id)
      return key.revokedAtMs === undefined ? this.#end(change, key) : key
    })
  }

  /** Throws AuthError KEY_NOT_FOUND. */
  permissionsOf(id: string): readonly string[] {
    const key = this.#parts.book.key(id)
    if (key === undefined) throw unknown(id)
    return key.permissions
  }

  /** Counts from the next request on. Throws AuthError: PERMISSION_DENIED, AUTH_INPUT, KEY_NOT_FOUND, LAST_ADMIN. */
  async changePermissions(
    caller: Caller,
    id: string,
    { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): Promise<readonly string[]> {
    onlyRoot(caller, 'change permissions')
    onlyHeld(caller, readNewPermissions(add))
    const key = await this.#change(caller, 'permissions changed', (change) => {
      const known = this.#parts.book.key(id)
      if (known === undefined) throw unknown(id)
      const permissions = readPermissions([...known.permissions.filter((each) => !remove.includes(each)), ...add])
      if (known.kind === 'root' && !permissions.includes(ADMIN)) this.#keepAnAdmin(known)
      const changed: Key = { ...known, permissions }
      change.putKey(changed)
      return changed
    })
    return key.permissions
  }

  async #change<T extends Key>(caller: Caller, what: string, plan: (change: BookChange) => T): Promise<T> {
    const key = await this.#parts.book.change(plan)
    this.#log(caller, key, what)
    return key
  }

  #end<T extends Key>(change: BookChange, key: T): T {
    const ended = { ...key, revokedAtMs: Math.trunc(this.#parts.clock.nowMs()) }
    change.dropSessionsOf(key.id)
    change.putKey(ended)
    return ended
  }

  #root(id: string): RootKey {
    const key = this.#parts.book.key(id)
    if (key?.kind === 'root') return key
    throw unknown(id)
  }

  /** Without one nobody could ever let anybody in again. */
  #keepAnAdmin(without: RootKey): void {
    const left = this.roots().filter(
      (key) => key.id !== without.id && key.revokedAtMs === undefined && key.permissions.includes(ADMIN),
    )
    if (left.length > 0 || !without.permissions.includes(ADMIN)) return
    throw new AuthError('LAST_ADMIN', 'this is the last root key that may do everything; add another one first')
  }

  #makeRoom(change: BookChange, keys: readonly Key[]): void {
    const clients = keys.filter((key) => key.kind === 'client')
    if (clients.length < CLIENT_KEYS_MAX) return
    const oldest = clients
      .filter(({ revokedAtMs }) => revokedAtMs !== undefined)
      .toSorted((a, b) => a.createdAtMs - b.createdAtMs)[0]
    if (oldest === undefined) throw full('client', CLIENT_KEYS_MAX)
    change.dropKey(oldest.id)
  }

  #log(caller: Caller, key: Key, message: string): void {
    this.#parts.log.info({ by: caller.keyId, keyId: key.id, permissions: key.permissions }, message)
  }
}

function onlyRoot(caller: Caller, what: string): void {
  if (caller.key.kind !== 'root' || !caller.permissions.includes(ADMIN)) {
    throw denied(`only a root key with ${ADMIN} may ${what}`)
  }
}

function onlyHeld(caller: Caller, permissions: readonly string[]): void {
  const more = permissions.filter((permission) => !coveredBy(caller.permissions, permission))
  if (more.length > 0) throw denied(`the caller may not do itself what it gives: ${more.slice(0, 3).join(' ')}`)
}

function denied(why: string): AuthError {
  return new AuthError('PERMISSION_DENIED', `refused: ${why}`)
}

function unknown(id: string): AuthError {
  return new AuthError('KEY_NOT_FOUND', `there is no key ${JSON.stringify(id.slice(0, 80))}`)
}

function full(kind: string, max: number): AuthError {
  return new AuthError('KEYS_FULL', `there are ${max} ${kind} keys, which is the most; delete some first`)
}
