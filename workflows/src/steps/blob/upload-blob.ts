import { constants, openAsBlob } from 'node:fs'
import { access } from 'node:fs/promises'
import { Type } from '@calbox/schemas'
import { unwrapData } from '../../values/capture-outputs.ts'
import { hostPath } from '../application/install-file.ts'
import { closed, nodeField } from '../fields.ts'
import { retryNetworkFaults } from '../network-retry.ts'
import { presentFields, refuseError, shortId, textOf } from '../reply.ts'
import { StepError } from '../step-error.ts'
import { defineStep } from '../step-kind.ts'
import { unreadableFile } from '../unreadable-file.ts'

async function readable(file: string): Promise<Blob> {
  try {
    // Opening tells nothing but that it failed.
    await access(file, constants.R_OK)
    return await openAsBlob(file)
  } catch (cause) {
    throw new StepError('failed', unreadableFile(file, cause), { cause, field: 'file_path' })
  }
}

export const uploadBlob = defineStep({
  kind: 'upload_blob',
  summary: 'Put a file into the blobs of a node; with a context its members can fetch it.',
  schema: Type.Object(
    {
      node: nodeField,
      file_path: Type.String({ minLength: 1, description: 'File, relative to the working directory.' }),
      context_id: Type.Optional(Type.String({ description: 'Announce it to the members of this context.' })),
    },
    closed,
  ),
  outputs: [
    { name: 'blob_id', description: 'Id of the blob.' },
    { name: 'size', description: 'Bytes.' },
  ],
  exportedVariables: ['blob_id_{node}'],
  honoursExpectedFailure: false,
  async run(input, context, options) {
    const node = context.node(input.node)
    const file = hostPath(context.cwd, context.text(input.file_path))
    const bytes = await readable(file)
    const contextId = input.context_id === undefined ? undefined : context.text(input.context_id)
    // The same bytes are the same blob: sending them twice does no harm.
    const send = () => node.client.uploadBlob(bytes, contextId, options)
    const payload = unwrapData(
      refuseError(node.name, `uploading ${file}`, await retryNetworkFaults(send, context, options)),
    )
    const blobId = textOf(node.name, `uploading ${file}`, payload, 'blob_id')
    return {
      payload,
      exports: presentFields(payload, { blob_id: `blob_id_${node.name}` }),
      rawKey: `blob_${node.name}`,
      node: node.name,
      summary: `blob ${shortId(blobId)}, ${bytes.size} bytes`,
    }
  },
})
