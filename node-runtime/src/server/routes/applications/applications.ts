// Installed applications: installing, looking at, taking away.
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Type } from 'typebox'
import { idBase58 } from '../../../base/ids.ts'
import type { Application as Installed } from '../../../context/namespaces/code/applications.ts'
import { download } from '../../download/download.ts'
import { ServerError } from '../../errors.ts'
import { applicationIdOf, blobHashOf, byteArray } from '../../formats/encodings.ts'
import { ByteList, OptionalText, Text } from '../../formats/fields.ts'
import { Application, Base58, Count } from '../../formats/shapes.ts'
import {
  METADATA_BYTES_MAX,
  PACKAGE_BYTES_MAX,
  PATH_BYTES_MAX,
  URL_CHARS_MAX,
  VERSION_BYTES_MAX,
} from '../../limits.ts'
import type { NodeServices } from '../../ports.ts'
import { RawResponse } from '../../routing/raw-response.ts'
import { Data, NoBody, NoFields, type Route, route } from '../../routing/route.ts'
import { versionsOf } from './versions.ts'

const ByApplication = Type.Object({ id: Type.String() })
const Installation = Data(Type.Object({ applicationId: Base58 }))

function applicationJson(application: Installed): object {
  const blobId = idBase58(application.blobId)
  return {
    id: idBase58(application.id),
    blob: { bytecode: blobId, compiled: blobId },
    size: application.size,
    source: application.source,
    metadata: byteArray(application.metadata),
    ...(application.signerId === undefined ? {} : { signer_id: application.signerId }),
    ...(application.package === undefined ? {} : { package: application.package }),
    ...(application.version === undefined ? {} : { version: application.version }),
    ...(application.services.length === 0 ? {} : { services: servicesJson(application, blobId) }),
  }
}

/** The code of each is in the one blob. */
function servicesJson({ services }: Installed, blobId: string): object {
  return Object.fromEntries(services.map(({ name }) => [name, { bytecode: blobId, compiled: blobId }]))
}

/** Throws IdError, ServerError NOT_FOUND. */
function installed(node: NodeServices, text: string): Installed {
  const application = node.applications.get(applicationIdOf(text))
  if (!application) throw new ServerError('NOT_FOUND', 'Application not found')
  return application
}

interface Described {
  readonly metadata?: readonly number[]
  readonly package?: string | null
  readonly version?: string | null
}

function detailsOf({ metadata = [], package: name, version }: Described) {
  return {
    metadata: Uint8Array.from(metadata),
    ...(typeof name === 'string' ? { package: name } : {}),
    ...(typeof version === 'string' ? { version } : {}),
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
      package: OptionalText(PACKAGE_BYTES_MAX),
      version: OptionalText(VERSION_BYTES_MAX),
    }),
    json: { bytesMax: METADATA_BYTES_MAX },
    response: Installation,
    handle: async ({ node }, { body }) => {
      if (!isAbsolute(body.path) || body.path.split(/[\\/]/).includes('..') || body.path.includes('\0')) {
        const shown = JSON.stringify(body.path)
        throw new ServerError('BAD_REQUEST', `path must be absolute, without ".." and zero bytes: ${shown}`)
      }
      const application = await node.applications.installFile(body.path, {
        source: pathToFileURL(body.path).href,
        ...detailsOf(body),
      })
      return { data: { applicationId: idBase58(application.id) } }
    },
  }),
  route({
    method: 'POST',
    url: '/admin-api/install-application',
    summary: 'Install from the internet: http or https, never from an address that is not public',
    permission: 'application:install',
    forOtherMembers: true,
    params: NoFields,
    query: NoFields,
    body: Type.Object({
      url: Type.String({ minLength: 1, maxLength: URL_CHARS_MAX }),
      /** SHA-256 of the file: another one is refused. */
      hash: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      metadata: ByteList(METADATA_BYTES_MAX),
      package: OptionalText(PACKAGE_BYTES_MAX),
      version: OptionalText(VERSION_BYTES_MAX),
    }),
    json: { bytesMax: METADATA_BYTES_MAX },
    response: Installation,
    failures: [502, 507],
    handle: async ({ node, downloads }, { body, signal }) => {
      const expected = typeof body.hash === 'string' ? blobHashOf(body.hash) : undefined
      const bytes = download(body.url, { clock: node.ports.clock, rules: downloads }, { signal })
      const { hash } = await node.ports.blobs.put(bytes, expected)
      const application = await node.applications.installBlob(hash, { source: body.url, ...detailsOf(body) })
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
    response: Data(Type.Object({ apps: Type.Array(Application) })),
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
    response: Data(Type.Object({ application: Application })),
    handle: async ({ node }, { params }) => ({ data: { application: applicationJson(installed(node, params.id)) } }),
  }),
  route({
    method: 'DELETE',
    url: '/admin-api/applications/:id',
    summary: 'Forget an application; its code stays as a blob, and an unknown one is no failure',
    permission: 'admin',
    params: ByApplication,
    query: NoFields,
    body: NoBody,
    response: Installation,
    handle: async ({ node }, { params }) => {
      const id = applicationIdOf(params.id)
      await node.applications.uninstall(id)
      return { data: { applicationId: idBase58(id) } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/applications/:id/versions',
    summary: 'The installed versions of an application’s package, the newest first',
    permission: 'application:list[:id]',
    params: ByApplication,
    query: NoFields,
    body: NoBody,
    response: Data(
      Type.Array(Type.Object({ version: Type.String(), blobId: Base58, size: Count, package: Type.String() })),
    ),
    handle: async ({ node }, { params }) => {
      const application = installed(node, params.id)
      const all = application.package === undefined ? [application] : await node.applications.list()
      const versions = versionsOf(all, application.package).map((each) => ({
        version: each.version ?? '',
        blobId: idBase58(each.blobId),
        size: each.size,
        package: each.package ?? '',
      }))
      return { data: versions }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/applications/:id/abi',
    summary: 'What an application, or one of its services, says of its methods and state; 404 where it says nothing',
    permission: 'admin',
    params: ByApplication,
    query: Type.Object({ service_name: Type.Optional(Type.String()) }),
    body: NoBody,
    response: Data(Type.Object({})),
    handle: async ({ node }, { params, query }) => {
      const { id, services } = installed(node, params.id)
      const name = query.service_name
      if (name !== undefined && services.length === 0) {
        throw new ServerError('BAD_REQUEST', `service_name: application ${params.id} has one service, without a name`)
      }
      if (name === undefined && services.length > 1) {
        const names = services.map((each) => each.name).join(', ')
        throw new ServerError('BAD_REQUEST', `service_name: application ${params.id} has several services: ${names}`)
      }
      const abi = await node.applications.abi(id, name)
      if (abi === undefined) throw new ServerError('NOT_FOUND', `application ${params.id} carries no ABI`)
      return new RawResponse(200, `{"data":${abi}}`)
    },
  }),
]
