// Packages of installed applications and their versions. Answered without an envelope.
import { Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import { Base58 } from '../../formats/shapes.ts'
import { NoBody, NoFields, type Route, route } from '../../routing/route.ts'
import { versionsOf } from './versions.ts'

const ByPackage = Type.Object({ pkg: Type.String() })

export const packageRoutes: readonly Route[] = [
  route({
    method: 'GET',
    url: '/admin-api/packages',
    summary: 'Packages of the installed applications',
    permission: 'package:list-packages',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ packages: Type.Array(Type.String()) }),
    handle: async ({ node }) => {
      const names = (await node.applications.list()).flatMap((each) => each.package ?? [])
      return { packages: [...new Set(names)].sort() }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/packages/:pkg/versions',
    summary: 'Installed versions of a package, the newest first',
    permission: 'package:list-versions[:pkg]',
    params: ByPackage,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ versions: Type.Array(Type.String()) }),
    handle: async ({ node }, { params }) => {
      const found = versionsOf(await node.applications.list(), params.pkg)
      return { versions: [...new Set(found.flatMap((each) => each.version ?? []))] }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/packages/:pkg/latest',
    summary: 'The newest installed version of a package; null where there is none',
    permission: 'package:get-latest-version[:pkg]',
    params: ByPackage,
    query: NoFields,
    body: NoBody,
    response: Type.Object({
      applicationId: Type.Union([Base58, Type.Null()]),
      version: Type.Union([Type.String(), Type.Null()]),
    }),
    handle: async ({ node }, { params }) => {
      const [latest] = versionsOf(await node.applications.list(), params.pkg)
      return { applicationId: latest ? idBase58(latest.id) : null, version: latest?.version ?? null }
    },
  }),
]
