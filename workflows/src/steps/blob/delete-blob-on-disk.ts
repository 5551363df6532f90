import { rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { Type } from '@calbox/schemas'
import { hexOfBase58 } from '../../values/base58.ts'
import { hostPath } from '../application/install-file.ts'
import { closed, nodeField } from '../fields.ts'
import { shortId } from '../reply.ts'
import { StepError } from '../step-error.ts'
import { defineStep } from '../step-kind.ts'

export const deleteBlobOnDisk = defineStep({
  kind: 'delete_blob_on_disk',
  summary: "Remove a blob's file behind the node's back, as a damaged disk would.",
  schema: Type.Object(
    {
      node: nodeField,
      blob_id: Type.String({ minLength: 1, description: 'Id of the blob.' }),
      data_dir: Type.Optional(Type.String({ minLength: 1, description: "Directory of the node; default the node's." })),
      blobs_subdir: Type.Optional(
        Type.String({ minLength: 1, default: 'blobs', description: 'Where blobs are in it.' }),
      ),
      missing_ok: Type.Optional(Type.Boolean({ default: true, description: 'Pass where it is not there.' })),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: true,
  async run(input, context) {
    const node = context.node(input.node)
    const directory =
      input.data_dir === undefined ? node.directory : hostPath(context.cwd, context.text(input.data_dir))
    if (directory === undefined) {
      throw new StepError('unsupported', `the files of ${node.name} are not on this machine`, { node: node.name })
    }
    const blobId = context.text(input.blob_id)
    if (!/^\w+$/.test(blobId)) throw new StepError('invalid', `${JSON.stringify(blobId)} is no id of a blob`)
    // Our nodes name a blob's folder by the hex of its id, others its file by the id itself.
    const names = [hexOfBase58(blobId), blobId].filter((name) => name !== undefined)
    for (const name of names) {
      const place = path.join(directory, input.blobs_subdir ?? 'blobs', name)
      if ((await stat(place).catch(() => undefined)) === undefined) continue
      await rm(place, { recursive: true })
      return { summary: `${shortId(blobId)} removed` }
    }
    if (input.missing_ok === false)
      throw new StepError('failed', `${blobId} is not in ${directory}`, { node: node.name })
    return { summary: `${shortId(blobId)} was not there` }
  },
})
