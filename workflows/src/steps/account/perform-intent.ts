import { unsupportedStep } from '../unsupported-step.ts'

export const performIntent = unsupportedStep({
  kind: 'perform_intent',
  summary: 'Perform an intent: a step of newer merobox versions. Any field is accepted.',
  unsupported: 'it is not supported by this version; delete this step',
})
