// The grammar of permissions and which one covers which. Pure.
//
// `category:action:sub[a,b]`. A grant covers what it names and everything below it: `context` covers `context:list`.
// `admin` covers all. Without brackets a grant is about everything; with brackets only about what they hold, so it never
// covers a question about everything.
import { AuthError } from './errors.ts'
import { PERMISSION_CHARS_MAX, PERMISSIONS_CHARS_MAX, PERMISSIONS_MAX } from './limits.ts'

/** All there is, each with what a permission may name of it: of merod's and of the routes here. */
const ACTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['admin', []],
  ['application', ['list', 'install', 'uninstall']],
  ['package', ['list-packages', 'list-versions', 'get-latest-version']],
  ['blob', ['add', 'add:stream', 'add:file', 'add:url', 'remove', 'list', 'get']],
  ['namespace', ['create', 'list', 'manage']],
  ['group', ['create', 'list', 'manage']],
  ['context', ['create', 'list', 'delete', 'leave', 'invite', 'execute', 'alias', 'capabilities', 'application']],
  ['context:alias', ['create', 'list', 'lookup', 'delete']],
  ['context:capabilities', ['grant', 'revoke']],
  ['context:application', ['update']],
  ['keys', ['create', 'list', 'delete', 'clients', 'clients:list', 'clients:delete', 'permissions']],
  ['keys:permissions', ['get', 'update']],
])
const PATHS: ReadonlySet<string> = new Set(
  [...ACTIONS].flatMap(([category, actions]) => [category, ...actions.map((action) => `${category}:${action}`)]),
)
const CATEGORIES = [...ACTIONS.keys()].filter((path) => !path.includes(':'))
/** What is asked about one thing: in brackets, whatever is not one of these or above one grants nothing. */
const ABOUT_ONE = [
  ...['application:list', 'package:list-versions', 'package:get-latest-version', 'blob:get', 'blob:remove'],
  ...['namespace:list', 'namespace:manage', 'group:list', 'group:manage'],
  ...['context:list', 'context:execute', 'context:leave', 'context:delete'],
  ...['context:application:update', 'context:capabilities:grant', 'context:capabilities:revoke'],
]
/** Of which kind of thing: `context:alias:delete:application`. */
const ALIAS_KIND = /^context:alias:(?:create|list|lookup|delete):[a-z-]+$/
/** Ids are printable ASCII: permissions stand in headers. */
const GRAMMAR = /^([a-z]+(?:[:-][a-z-]+)*)(?:\[([ -Z\\^-~]*)\])?$/
/** Who holds it may do everything. */
export const ADMIN = 'admin'
const EXECUTE = 'context:execute'
/** Of its brackets. */
const EXECUTE_PARTS = 3
/** What `context[a]`, which keys made for users of a context have, covers: to use it, not to take it from this node or all, or to make others its admins. */
const OF_USERS: ReadonlySet<string> = new Set(['context', 'context:list', EXECUTE])

interface Parsed {
  /** `context`, `execute`. */
  readonly path: readonly string[]
  /** Undefined: everything. */
  readonly scope: readonly string[] | undefined
}

function parsed(permission: string): Parsed | undefined {
  if (permission.length > PERMISSION_CHARS_MAX) return undefined
  const [, path, scope] = GRAMMAR.exec(permission) ?? []
  if (path === undefined) return undefined
  return { path: path.split(':'), scope: scope === undefined ? undefined : scope.split(',').map((part) => part.trim()) }
}

/** Those that a key is given. Throws AuthError AUTH_INPUT, as below, and for one that would grant nothing, or not what it seems to. */
export function readNewPermissions(given: readonly string[]): string[] {
  const read = readPermissions(given)
  for (const permission of read) refuseIdle(permission)
  return read
}

/** A key with it would look as if it could do something. Such as were given by earlier versions stay, and grant nothing. */
function refuseIdle(permission: string): void {
  const { path = [], scope } = parsed(permission) ?? {}
  const name = path.join(':')
  const refuse = (why: string) => {
    throw new AuthError('AUTH_INPUT', `${JSON.stringify(permission.slice(0, 80))} would grant nothing: ${why}`)
  }
  if (!PATHS.has(name) && !ALIAS_KIND.test(name)) {
    const known = [...PATHS].filter((each) => each.startsWith(`${path[0]}:`))
    refuse(known.length === 0 ? `there is only ${path[0]}` : `there are ${path[0]}, ${known.join(', ')}`)
  }
  if (scope === undefined) return
  if (name === ADMIN) refuse('admin is about everything, and has no brackets')
  if (!ABOUT_ONE.some((each) => each === name || each.startsWith(`${name}:`)))
    refuse(`${name} is never about one thing`)
  if (scope[0] === '') refuse('the brackets name no id')
  if (name === EXECUTE && scope.length > EXECUTE_PARTS) {
    throw new AuthError(
      'AUTH_INPUT',
      `${JSON.stringify(permission.slice(0, 80))} has ${scope.length} parts in its brackets: they are context, user and method`,
    )
  }
  // User and method may be left empty: any.
  if (name !== 'context' && name !== EXECUTE && scope.includes('')) refuse('an id in the brackets is empty')
}

/** Sorted, each once. Throws AuthError AUTH_INPUT for what is no permission, or too many. */
export function readPermissions(given: readonly string[]): string[] {
  if (given.length > PERMISSIONS_MAX) {
    throw new AuthError('AUTH_INPUT', `${given.length} permissions were given; a key has at most ${PERMISSIONS_MAX}`)
  }
  const length = given.reduce((sum, permission) => sum + permission.length, 0)
  if (length > PERMISSIONS_CHARS_MAX) {
    throw new AuthError('AUTH_INPUT', `the permissions have ${length} characters; at most ${PERMISSIONS_CHARS_MAX}`)
  }
  const wrong = given.find((permission) => !CATEGORIES.includes(parsed(permission)?.path[0] ?? ''))
  if (wrong !== undefined) {
    const shown = JSON.stringify(wrong.slice(0, 80))
    const known = CATEGORIES.join(', ')
    throw new AuthError(
      'AUTH_INPUT',
      `${shown} is no permission; one is category:action[ids], and categories are ${known}`,
    )
  }
  return [...new Set(given)].toSorted()
}

/** Whether `grant` allows `asked`. What cannot be read grants nothing and is never granted, except by `admin`. */
export function covers(grant: string, asked: string): boolean {
  if (grant === ADMIN) return true
  const [held, wanted] = [parsed(grant), parsed(asked)]
  if (held === undefined || wanted === undefined) return false
  if (!held.path.every((part, index) => wanted.path[index] === part)) return false
  if (held.scope === undefined) return true
  if (held.path.length === 1 && held.path[0] === 'context' && !OF_USERS.has(wanted.path.join(':'))) return false
  if (wanted.scope === undefined) return false
  return wanted.path.join(':') === EXECUTE
    ? executeFits(held.scope, wanted.scope)
    : wanted.scope.every((id) => held.scope?.includes(id))
}

export function coveredBy(grants: readonly string[], asked: string): boolean {
  return grants.some((grant) => covers(grant, asked))
}

/**
 * Whether some grant allows this for anything at all. No answer to what may be done: which thing it is about stands in
 * the body of the request, and whoever has read that asks `coveredBy` with its id.
 */
export function coversSome(grants: readonly string[], asked: string): boolean {
  return grants.some((grant) => covers(grant, asked) || coversWithoutScope(grant, asked))
}

function coversWithoutScope(grant: string, asked: string): boolean {
  const path = grant.replace(/\[[^\]]*\]$/, '')
  return path !== ADMIN && covers(path, asked)
}

/** `[context,user,method]`: what the grant leaves out or empty may be anything. */
function executeFits(held: readonly string[], wanted: readonly string[]): boolean {
  const [context, user, method] = wanted
  if (context === undefined || held[0] !== context) return false
  if (held[1] && user && held[1] !== user) return false
  return !held[2] || held[2] === method
}
