// `remote_nodes`: nodes that run already. Environment variables are expanded in `url` and `auth`, and nowhere else.

import { type RemoteNode, remoteNode } from '@calbox/schemas'
import { checkSchema } from '../check/check-schema.ts'
import { describeNode } from '../check/schema-view.ts'
import type { PlannedRemoteNode, RemoteAuth } from '../plan-types.ts'
import type { ProblemCollector } from '../problem.ts'
import type { ValuePath } from '../yaml/source-node.ts'
import { entryOf, type MapEntry, type SourceNode, startOf } from '../yaml/source-node.ts'
import { type Environment, expandEnvironment } from './expand-environment.ts'

export interface RemoteReading {
  readonly environment: Environment
  /** Whether the file is of no use without the variables in the url of this node: it is going to be run. */
  readonly isUnsetUrlError: (name: string) => boolean
}

export function readRemoteNodes(
  node: SourceNode | undefined,
  problems: ProblemCollector,
  reading: RemoteReading,
): PlannedRemoteNode[] {
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return []
  if (node.kind !== 'map') {
    const message = `"remote_nodes" must be a map of names, not ${describeNode(node)}`
    problems.add({ code: 'wrong_type', span: startOf(node), path: ['remote_nodes'], message })
    return []
  }
  return node.entries.flatMap((entry) => readRemoteNode(entry, problems, reading))
}

function readRemoteNode(entry: MapEntry, problems: ProblemCollector, reading: RemoteReading): PlannedRemoteNode[] {
  const path: ValuePath = ['remote_nodes', entry.key]
  const checked = checkSchema(remoteNode, entry.value, path, problems)
  if (checked === undefined) return []
  const remote = checked as RemoteNode
  const expand = (text: string, ...below: string[]): string =>
    expandEnvironment(text, reading.environment, (name) => {
      const place = below.reduce<SourceNode | undefined>(
        (node, key) => (node?.kind === 'map' ? entryOf(node, key)?.value : undefined),
        entry.value,
      )
      const message = `the environment variable ${name} is not set`
      const hint = `set it, or write \${${name}:-default}`
      const span = startOf(place ?? entry.value)
      const severity = below[0] === 'url' && reading.isUnsetUrlError(entry.key) ? 'error' : 'warning'
      problems.add({ severity, code: 'unknown_variable', span, path: [...path, ...below], message, hint })
    })
  const say: AuthReading['say'] = (severity, message, hint) => {
    const auth = entry.value.kind === 'map' ? entryOf(entry.value, 'auth') : undefined
    const span = auth?.keySpan ?? startOf(entry.value)
    problems.add({ severity, code: 'wrong_value', span, path: [...path, 'auth'], message, hint })
  }
  const found: PlannedRemoteNode = {
    name: entry.key,
    url: expand(remote.url, 'url').replace(/\/+$/, ''),
    auth: authOf(remote, { expand, say }),
    position: problems.position(entry.keySpan.start),
    ...(remote.description === undefined ? {} : { description: remote.description }),
  }
  return [found]
}

interface AuthReading {
  readonly expand: (text: string, ...below: string[]) => string
  /** Says what is wrong at `auth`. */
  readonly say: (severity: 'error' | 'warning', message: string, hint: string) => void
}

/** Without a method it is the one that what is given belongs to. */
function authOf({ auth }: RemoteNode, { expand, say }: AuthReading): RemoteAuth {
  const keyName = auth?.api_key === undefined ? 'key' : 'api_key'
  const key = auth?.[keyName]
  const hasLogin = auth?.username !== undefined || auth?.password !== undefined
  const method = auth?.method ?? (hasLogin ? 'password' : key !== undefined ? 'api_key' : 'none')
  if (auth?.method === undefined && hasLogin && key !== undefined) {
    say('error', '"auth" has a key and a name or password', 'write method: api_key or method: password')
  }
  if (method === 'none') {
    const isIdle = hasLogin || key !== undefined
    if (isIdle) say('warning', '"method: none" sends no key and no password', 'write the method, or leave out "auth"')
    return { method }
  }
  if (method === 'api_key') {
    if (!key)
      say(
        'error',
        '"method: api_key" has no key',
        'write api_key: below "auth", or leave out "auth" and give --remote-auth',
      )
    return { method, apiKey: expand(key ?? '', 'auth', keyName) }
  }
  const missing = (['username', 'password'] as const).filter((name) => !auth?.[name])
  if (missing.length > 0) {
    say(
      'error',
      `"method: password" has no ${missing.join(' and no ')}`,
      `write ${missing[0]}: below "auth", or leave out "auth" and give --remote-auth`,
    )
  }
  const username = expand(auth?.username ?? '', 'auth', 'username')
  return { method, username, password: expand(auth?.password ?? '', 'auth', 'password') }
}
