// The JSON Schema of workflow files, for editors: the kinds of the registry in the shape that all files have.
import { workflowEditorSchema } from '@calbox/schemas'
import { stepKinds } from './registry.ts'

/** A file of it, as `calbox schema` prints it and `calbox init` writes it. */
export function editorSchemaText(): string {
  return `${JSON.stringify(workflowEditorSchema(stepKinds), null, 1)}\n`
}
