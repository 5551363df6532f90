// Two spellings of one field: `namespace_id`, or `group_id` in files that use the group names of the kinds.
import { Type } from '@calbox/schemas'
import type { StepProblem } from '../../plan/check/step-schema.ts'
import { groupIdField, namespaceIdField } from '../fields.ts'
import { StepError } from '../step-error.ts'
import type { StepContext } from '../step-kind.ts'

export const namespaceFields = {
  namespace_id: Type.Optional(namespaceIdField),
  group_id: Type.Optional(groupIdField),
}

interface NamespaceInput {
  readonly namespace_id?: unknown
  readonly group_id?: unknown
}

export function namespaceProblems(input: NamespaceInput): StepProblem[] {
  if (input.namespace_id !== undefined || input.group_id !== undefined) return []
  return [{ path: [], message: '"namespace_id" is missing', hint: "add namespace_id: '{{namespace_id}}'" }]
}

export function namespaceOf(input: { namespace_id?: string; group_id?: string }, context: StepContext): string {
  const given = input.namespace_id ?? input.group_id
  if (given === undefined) throw new StepError('invalid', '"namespace_id" is missing')
  return context.text(given)
}
