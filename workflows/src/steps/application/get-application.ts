import { applicationIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const getApplication = requestStep({
  kind: 'get_application',
  summary: 'Read what a node knows of an application.',
  fields: { application_id: applicationIdField },
  route: 'GET /applications/:application_id',
  attempted: 'reading the application',
  outputs: [
    { name: 'application.version', description: 'Its version; a .wasm without a bundle has none.' },
    { name: 'application.blob.bytecode', description: 'Id of the blob that holds its code.' },
  ],
})
