// Installed applications.
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Type } from 'typebox'
import { type ApplicationId, idBase58, parseBase58Id } from '../../base/ids.ts'
import type { Application } from '../../context/namespaces/applications.ts'
import { byteArray } from '../encodings.ts'
import { ServerError } from '../errors.ts'
import { ByteList, Text } from '../fields.ts'
import { METADATA_BYTES_MAX, PACKAGE_BYTES_MAX, PATH_BYTES_MAX, VERSION_BYTES_MAX } from '../limits.ts'
import { NoBody, NoFields, type Route, route } from '../route.ts'

const ByApplication = Type.Object({ id: Type.String() })

export function applicationJson(application: Application): object {
  const blobId = idBase58(application.blobId)
  return {
    id: idBase58(application.id),
    blob: { bytecode: blobId, compiled: blobId },
    size: application.size,
    source: application.source,
    metadata: byteArray(application.metadata),
    ...(application.package === undefined ? {} : { package: application.package }),
    ...(application.version === undefined ? {} : { version: application.version }),
  }
}

export const applicationRoutes: readonly Route[] = [
  route({
    method: 'POST',
    url: '/admin-api/install-dev-application',
    summary: 'Install from a file on the node’s machine',
    permission: 'admin',
    params: NoFields,
    query: NoFields,
    body: Type.Object({
      path: Text(PATH_BYTES_MAX, 1),
      metadata: Type.Optional(ByteList(METADATA_BYTES_MAX)),
      package: Type.Optional(Type.Union([Text(PACKAGE_BYTES_MAX), Type.Null()])),
      version: Type.Optional(Type.Union([Text(VERSION_BYTES_MAX), Type.Null()])),
    }),
    handle: async ({ node }, { body }) => {
      if (!isAbsolute(body.path) || body.path.split(/[\\/]/).includes('..') || body.path.includes('\0')) {
        const shown = JSON.stringify(body.path)
        throw new ServerError('BAD_REQUEST', `path must be absolute, without ".." and zero bytes: ${shown}`)
      }
      const application = await node.applications.installFile(body.path, {
        source: pathToFileURL(body.path).href,
        metadata: Uint8Array.from(body.metadata ?? []),
        ...(typeof body.package === 'string' ? { package: body.package } : {}),
        ...(typeof body.version === 'string' ? { version: body.version } : {}),
      })
      return { data: { applicationId: idBase58(application.id) } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/applications',
    summary: 'All installed applications',
    permission: 'application:list',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }) => ({ data: { apps: (await node.applications.list()).map(applicationJson) } }),
  }),
  route({
    method: 'GET',
    url: '/admin-api/applications/:id',
    summary: 'One installed application',
    permission: 'application:list[:id]',
    params: ByApplication,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => {
      const application = node.applications.get(parseBase58Id<ApplicationId>(params.id))
      if (!application) throw new ServerError('NOT_FOUND', 'Application not found')
      return { data: { application: applicationJson(application) } }
    },
  }),
]
