import { unsupportedStep } from '../unsupported-step.ts'

export const accountRescope = unsupportedStep({
  kind: 'account_rescope',
  summary: 'Change the scope of an account: a step of newer merobox versions. Any field is accepted.',
  unsupported: 'it is not supported by this version; delete this step',
})
