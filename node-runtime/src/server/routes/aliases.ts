// Aliases: names for contexts, applications and identities, of this node alone.
import { type TProperties, Type } from 'typebox'
import { type ContextId, idBase58 } from '../../base/ids.ts'
import type { Asker } from '../access/asker.ts'
import { seenBy } from '../access/membership.ts'
import { applicationIdOf, contextIdOf, publicKeyOf } from '../formats/encodings.ts'
import { Base58, NullData } from '../formats/shapes.ts'
import { ALIAS_CHARS_MAX } from '../limits.ts'
import type { AliasKind, Named } from '../names/aliases.ts'
import type { NodeServices } from '../ports.ts'
import { Data, NoBody, NoFields, type Route, route } from '../routing/route.ts'

const Alias = Type.String({ minLength: 1, maxLength: ALIAS_CHARS_MAX, pattern: '^[A-Za-z0-9._-]+$' })
const ROOT = '/admin-api/alias'

interface AliasSort {
  readonly name: 'context' | 'application' | 'identity'
  /** The field of the body with what is named. */
  readonly field: string
  /** Of the path, after the name of the kind. */
  readonly place: string
  readonly placed: TProperties
  readonly kindOf: (params: Readonly<Record<string, unknown>>) => AliasKind
  readonly idOf: (text: string) => Named
}

const SORTS: readonly AliasSort[] = [
  {
    name: 'context',
    field: 'contextId',
    place: '',
    placed: {},
    kindOf: () => 'context',
    idOf: contextIdOf,
  },
  {
    name: 'application',
    field: 'applicationId',
    place: '',
    placed: {},
    kindOf: () => 'application',
    idOf: applicationIdOf,
  },
  {
    name: 'identity',
    field: 'identity',
    place: '/:context',
    placed: { context: Type.String() },
    kindOf: ({ context }) => ({ identityIn: contextIdOf(String(context)) }),
    idOf: publicKeyOf,
  },
]

function routesOf({ name, field, place, placed, kindOf, idOf }: AliasSort): Route[] {
  // Identities are of a context of the path; applications are nobody's.
  const isSeen = (node: NodeServices, asker: Asker, id: Named) =>
    name !== 'context' || seenBy(node, asker).context(id as ContextId)
  const base = { query: NoFields, body: NoBody, forOtherMembers: true as const }
  const ByName = Type.Object({ ...placed, name: Alias })
  const Placed = Type.Object(placed)
  return [
    route({
      ...base,
      method: 'POST',
      url: `${ROOT}/create/${name}${place}`,
      summary: `Give ${article(name)} a name on this node`,
      permission: `context:alias:create`,
      params: Placed,
      body: Type.Object({ alias: Alias, [field]: Type.String() }),
      response: NullData,
      failures: [409],
      handle: async ({ aliases }, { params, body }) => {
        const { alias, [field]: id }: Readonly<Record<string, string>> = body
        await aliases.create(kindOf(params), alias ?? '', idOf(id ?? ''))
        return { data: null }
      },
    }),
    route({
      ...base,
      method: 'POST',
      url: `${ROOT}/lookup/${name}${place}/:name`,
      summary: `What a name of ${article(name)} stands for; null where it stands for nothing`,
      permission: `context:alias:lookup`,
      params: ByName,
      response: Data(Type.Object({ value: Type.Union([Base58, Type.Null()]) })),
      handle: async ({ node, aliases }, { params, asker }) => {
        const named = aliases.find(kindOf(params), params.name)
        const found = named !== undefined && isSeen(node, asker, named) ? named : undefined
        return { data: { value: found === undefined ? null : idBase58(found) } }
      },
    }),
    route({
      ...base,
      method: 'POST',
      url: `${ROOT}/delete/${name}${place}/:name`,
      summary: `Take a name of ${article(name)} away; one that is not there is no failure`,
      permission: `context:alias:delete`,
      params: ByName,
      response: NullData,
      handle: async ({ node, aliases }, { params, asker }) => {
        const named = aliases.find(kindOf(params), params.name)
        if (named === undefined || isSeen(node, asker, named)) await aliases.delete(kindOf(params), params.name)
        return { data: null }
      },
    }),
    route({
      ...base,
      method: 'GET',
      url: `${ROOT}/list/${name}${place}`,
      summary: `All names of kind ${name}`,
      permission: `context:alias:list`,
      params: Placed,
      response: Data(Type.Record(Type.String(), Base58)),
      handle: async ({ node, aliases }, { params, asker }) => {
        const all = (await aliases.list(kindOf(params))).filter(([, id]) => isSeen(node, asker, id))
        return { data: Object.fromEntries(all.map(([alias, id]) => [alias, idBase58(id)])) }
      },
    }),
  ]
}

function article(name: string): string {
  return name === 'context' ? `a ${name}` : `an ${name}`
}

export const aliasRoutes: readonly Route[] = SORTS.flatMap(routesOf)
