import { rm } from 'node:fs/promises'
import path from 'node:path'
import { Type } from '@calbox/schemas'
import { hostPath } from '../application/install-file.ts'
import { closed, nodeField } from '../fields.ts'
import { shortId } from '../reply.ts'
import { StepError } from '../step-error.ts'
import { defineStep } from '../step-kind.ts'
import { findBlobOnDisk } from './blob-on-disk.ts'

export const deleteBlobOnDisk = defineStep({
  kind: 'delete_blob_on_disk',
  summary: "Remove a blob's file behind the node's back, as a damaged disk would.",
  schema: Type.Object(
    {
      node: nodeField,
      blob_id: Type.String({ minLength: 1, description: 'Id of the blob, or the hash of its content.' }),
      data_dir: Type.Optional(Type.String({ minLength: 1, description: "Directory of the node; default the node's." })),
      blobs_subdir: Type.Optional(
        Type.String({ minLength: 1, default: 'blobs', description: 'Where blobs are in it.' }),
      ),
      missing_ok: Type.Optional(
        Type.Boolean({
          default: true,
          description: 'Pass where it is not there; with a warning where this is not said.',
        }),
      ),
    },
    closed,
  ),
  outputs: [],
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const directory =
      input.data_dir === undefined ? node.directory : hostPath(context.cwd, context.text(input.data_dir))
    if (directory === undefined) {
      throw new StepError('unsupported', `the files of ${node.name} are not on this machine`, { node: node.name })
    }
    const blobId = context.text(input.blob_id)
    if (!/^\w+$/.test(blobId)) throw new StepError('invalid', `${JSON.stringify(blobId)} is no id of a blob`)
    const place = await findBlobOnDisk(
      path.join(directory, context.text(input.blobs_subdir ?? 'blobs')),
      blobId,
      options,
    )
    if (place !== undefined) {
      await rm(place, { recursive: true })
      return { summary: `${shortId(blobId)} removed` }
    }
    if (input.missing_ok === false) {
      throw new StepError('failed', `${blobId} is not in ${directory}`, { node: node.name })
    }
    const summary = `${shortId(blobId)} was not there`
    if (input.missing_ok === true) return { summary }
    // The original passes here, too: who has not said that it may be missing did not mean to remove nothing.
    const warning = `nothing was removed: ${blobId} is not in ${directory}; say missing_ok: false to fail then, or true where that is well`
    return { summary, warning }
  },
})
