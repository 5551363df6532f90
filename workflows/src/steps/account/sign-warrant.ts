import { unsupportedStep } from '../unsupported-step.ts'

export const signWarrant = unsupportedStep({
  kind: 'sign_warrant',
  summary: 'Sign a warrant: a step of newer merobox versions. Any field is accepted.',
  unsupported: 'it is not supported by this version; delete this step',
})
