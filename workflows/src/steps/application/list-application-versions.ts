import { applicationIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const listApplicationVersions = requestStep({
  kind: 'list_application_versions',
  summary: 'List the versions of an application that a node has.',
  fields: { application_id: applicationIdField },
  route: 'GET /applications/:application_id/versions',
  attempted: 'listing the versions',
  payload: (versions) => ({ count: Array.isArray(versions) ? versions.length : 0, versions }),
  outputs: [
    { name: 'count', description: 'How many there are.' },
    { name: 'versions', description: 'List of {version, blobId, size, package}.' },
  ],
})
