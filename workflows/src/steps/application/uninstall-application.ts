import { applicationIdField } from '../fields.ts'
import { requestStep } from '../request-step.ts'

export const uninstallApplication = requestStep({
  kind: 'uninstall_application',
  summary: 'Remove an application from a node.',
  fields: { application_id: applicationIdField },
  route: 'DELETE /applications/:application_id',
  attempted: 'removing the application',
  honoursExpectedFailure: false,
  outputsAreExtra: true,
  outputs: [{ name: 'applicationId', description: 'Id of the removed application.' }],
})
