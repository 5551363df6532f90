// `calbox schema`: the JSON Schema of workflow files, for editors.
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'

const HOW = `
Editors with the YAML language server read it where a workflow begins with:
  # yaml-language-server: $schema=./workflow.schema.json`

export function registerSchema(program: Command, edge: CommandEdge): void {
  program
    .command('schema')
    .description('print the JSON Schema of workflow files, for editors')
    .addHelpText('after', HOW)
    .action(async () => {
      const { editorSchemaText } = await import('@calbox/workflows/editor-schema')
      edge.stdout.write(editorSchemaText())
    })
}
