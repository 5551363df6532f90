import { open } from 'node:fs/promises'
import { Type } from '@calbox/schemas'
import { hostPath } from '../application/install-file.ts'
import { closed, nodeField } from '../fields.ts'
import { retryNetworkFaults } from '../network-retry.ts'
import { shortId } from '../reply.ts'
import { StepError } from '../step-error.ts'
import { defineStep, type NodeHandle, type StepContext } from '../step-kind.ts'
import { writtenWhole } from './written-whole.ts'

interface Downloaded {
  readonly size: number
  readonly sha256: string
}

export const downloadBlob = defineStep({
  kind: 'download_blob',
  summary: 'Fetch a blob from a node and check its size and hash; with a context also from the members.',
  schema: Type.Object(
    {
      node: nodeField,
      blob_id: Type.String({ minLength: 1, description: 'Id of the blob.' }),
      context_id: Type.Optional(Type.String({ description: 'Let the node ask the members of this context.' })),
      output_path: Type.Optional(Type.String({ minLength: 1, description: 'Where to write it.' })),
      expected_size: Type.Optional(
        Type.Union([Type.Integer({ minimum: 0 }), Type.String()], { description: 'Bytes it must have.' }),
      ),
      expected_sha256: Type.Optional(Type.String({ description: 'SHA-256 it must have, hex.' })),
    },
    closed,
  ),
  outputs: [
    { name: 'blob_id', description: 'Id of the blob.' },
    { name: 'size', description: 'Bytes.' },
    { name: 'sha256', description: 'Of its bytes, hex.' },
  ],
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const blobId = context.text(input.blob_id)
    const contextId = input.context_id === undefined ? undefined : context.text(input.context_id)
    const size = readSize(input.expected_size, context)
    const sha256 = input.expected_sha256 === undefined ? undefined : context.text(input.expected_sha256).toLowerCase()
    const target = input.output_path === undefined ? undefined : hostPath(context.cwd, context.text(input.output_path))
    const blob = await writtenWhole(target, async (file) => {
      const fetched = () => fetchBlob(node, { id: blobId, contextId }, file, options)
      const got = await retryNetworkFaults(fetched, context, options)
      // Bytes that came are no failure to come, whatever they are.
      if (size !== undefined && got.size !== size) {
        throw new StepError('assertion', `the blob has ${got.size} bytes, not ${size}`, { node: node.name })
      }
      if (sha256 !== undefined && got.sha256 !== sha256) {
        throw new StepError('assertion', `the blob has the SHA-256 ${got.sha256}, not ${sha256}`, { node: node.name })
      }
      return got
    })
    return {
      payload: { blob_id: blobId, ...blob },
      rawKey: `downloaded_blob_${node.name}`,
      node: node.name,
      summary: `${shortId(blobId)}, ${blob.size} bytes`,
    }
  },
})

function readSize(given: number | string | undefined, context: StepContext): number | undefined {
  if (given === undefined) return undefined
  const text = context.text(given)
  if (/^\s*\d+\s*$/.test(text)) return Number(text)
  throw new StepError('invalid', `"expected_size" is no number of bytes: ${text}`)
}

async function fetchBlob(
  node: NodeHandle,
  blob: { readonly id: string; readonly contextId: string | undefined },
  target: string | undefined,
  options: { signal: AbortSignal },
): Promise<Downloaded> {
  // 10 ms that all who only read the declaration, such as `calbox validate`, do without.
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256')
  let size = 0
  const file = target === undefined ? undefined : await open(target, 'w')
  const take = async (piece: Uint8Array) => {
    hash.update(piece)
    size += piece.byteLength
    await file?.writeFile(piece)
  }
  try {
    await node.client.downloadBlob(blob, take, options)
    return { size, sha256: hash.digest('hex') }
  } finally {
    await file?.close()
  }
}
