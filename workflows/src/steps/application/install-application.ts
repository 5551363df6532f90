import { Type } from '@calbox/schemas'
import { closed, nodeField } from '../fields.ts'
import { refuseError, shortId, textOf } from '../reply.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type NodeHandle } from '../step-kind.ts'
import { hostPath, type Installed, installFile } from './install-file.ts'

export const installApplication = defineStep({
  kind: 'install_application',
  summary: 'Install an application on a node: a .wasm or .mpk file (path with dev: true), or a download (url).',
  schema: Type.Object(
    {
      node: nodeField,
      path: Type.Optional(
        Type.String({ minLength: 1, description: 'File, relative to the working directory; ~ is expanded.' }),
      ),
      url: Type.Optional(Type.String({ minLength: 1, description: 'Where the node downloads it from.' })),
      dev: Type.Optional(Type.Boolean({ default: false, description: 'Must be true for a path.' })),
    },
    closed,
  ),
  outputs: [{ name: 'applicationId', description: 'Id of the installed application.' }],
  exportedVariables: ['app_id_{node}', 'app_path_{node}'],
  honoursExpectedFailure: true,
  checks: ({ path, url, dev }) => {
    if (path === undefined && url === undefined) {
      return [{ path: [], message: 'neither "path" nor "url" is given', hint: 'write path: and dev: true, or url:' }]
    }
    const needsDev = path !== undefined && url === undefined && dev !== true
    return needsDev
      ? [{ path: ['path'], message: '"path" needs "dev: true"', hint: 'add dev: true', severity: 'warning' }]
      : []
  },
  async run(input, context, options) {
    const node = context.node(input.node)
    if (input.path !== undefined && input.dev === true) {
      const installed = await installFile(node, hostPath(context.cwd, context.text(input.path)), options)
      return result(node, installed)
    }
    if (input.url === undefined) {
      throw new StepError('failed', 'a path is only installed with "dev: true"; without it a url is needed')
    }
    const url = context.text(input.url)
    const attempted = `installing ${url}`
    const reply = refuseError(node.name, attempted, await node.client.installApplication({ url }, options))
    return result(node, { applicationId: textOf(node.name, attempted, reply, 'applicationId'), reply })
  },
})

function result(node: NodeHandle, installed: Pick<Installed, 'applicationId' | 'reply'> & Partial<Installed>) {
  const path = installed.file === undefined ? {} : { [`app_path_${node.name}`]: installed.file }
  return {
    payload: installed.reply,
    exports: { [`app_id_${node.name}`]: installed.applicationId, ...path },
    rawKey: `install_${node.name}`,
    node: node.name,
    summary: `application ${shortId(installed.applicationId)}`,
  }
}
