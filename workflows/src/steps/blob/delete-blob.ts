import { Type } from '@calbox/schemas'
import { ClientError } from '../../client/client-error.ts'
import type { JsonValue } from '../../values/json/json-value.ts'
import { closed, nodeField } from '../fields.ts'
import { refuseError, shortId } from '../reply.ts'
import { defineStep } from '../step-kind.ts'

export const deleteBlob = defineStep({
  kind: 'delete_blob',
  summary: 'Remove a blob from a node.',
  schema: Type.Object(
    {
      node: nodeField,
      blob_id: Type.String({ minLength: 1, description: 'Id of the blob.' }),
      missing_ok: Type.Optional(Type.Boolean({ default: true, description: 'Pass where it is not there.' })),
    },
    closed,
  ),
  outputs: [
    { name: 'blob_id', description: 'Id of the blob.' },
    { name: 'deleted', description: 'false where it was not there.' },
  ],
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const blobId = context.text(input.blob_id)
    const path = `/admin-api/blobs/${encodeURIComponent(blobId)}`
    const result = (payload: JsonValue, what: string) => ({
      payload,
      rawKey: `delete_blob_${node.name}`,
      node: node.name,
      summary: `${shortId(blobId)} ${what}`,
    })
    try {
      const reply = await node.client.request('DELETE', path, options)
      return result(refuseError(node.name, 'removing the blob', reply), 'removed')
    } catch (error) {
      const isMissing = error instanceof ClientError && error.status === 404
      if (!isMissing || input.missing_ok === false) throw error
      return result({ blob_id: blobId, deleted: false }, 'was not there')
    }
  },
})
