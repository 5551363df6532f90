// `calbox blob`: bytes that a node keeps under the hash of their content. Streamed both ways.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { JsonValue } from '@calbox/workflows/json'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { bytesText, fieldOf, madeAnswer, rowsOf, tableOf } from './answer-text.ts'
import type { Answer, Operating } from './operate.ts'
import { addCommands, type Given, type OperatorCommand } from './operator-command.ts'

const BLOB = { '<blob>': 'its id' }
const LIST = 'calbox blob list'

function commandsOf(edge: CommandEdge): readonly OperatorCommand[] {
  return [
    {
      name: 'put',
      summary: 'put a file into the blobs of a node',
      args: { '<source>': 'file' },
      options: { '--context <id>': 'its members can fetch it' },
      doing: (given) => `putting ${given.text('source')}`,
      async run({ step, node }, given) {
        const input = { file_path: given.text('source'), context_id: given.optional('context') }
        const json = await step('upload_blob', input)
        return madeAnswer(json, 'blob_id', `blob of ${bytesText(fieldOf(json, 'size'))} on ${node.name}`)
      },
    },
    {
      name: 'get',
      summary: 'fetch a blob; into a file, or to the standard output',
      args: BLOB,
      options: {
        '-o, --output <path>': 'file to write; - is the standard output (default: a file called as the blob)',
        '--context <id>': 'let the node fetch it from the members of this context',
        '--force': 'replace a file that is there',
      },
      doing: (given) => `getting blob ${given.text('blob')}`,
      lookup: LIST,
      elsewhere: (given) =>
        given.optional('context') === undefined
          ? 'what only another member has is fetched with --context: the context whose members have it'
          : undefined,
      run: (on, given) => getBlob(on, given, edge),
    },
    {
      name: 'list',
      summary: 'blobs of the node',
      doing: () => 'listing the blobs',
      async run({ client, signal }) {
        const json = await client.listBlobs({ signal })
        const columns = { BLOB: 'blob_id', SIZE: ({ size }: { size?: JsonValue }) => bytesText(size) }
        return { json, text: tableOf(rowsOf(json, 'blobs'), columns, 'no blob is here') }
      },
    },
    {
      name: 'remove',
      summary: 'remove a blob from the node',
      args: BLOB,
      doing: (given) => `removing blob ${given.text('blob')}`,
      lookup: LIST,
      async run({ step, node }, given) {
        const json = await step('delete_blob', { blob_id: given.text('blob'), missing_ok: false })
        return { json, text: `${given.text('blob')} is no longer on ${node.name}\n` }
      },
    },
  ]
}

export function registerBlob(program: Command, edge: CommandEdge): void {
  addCommands(program.command('blob').description('blobs of a node'), edge, commandsOf(edge))
}

async function getBlob(on: Operating, given: Given, edge: CommandEdge): Promise<Answer> {
  const [blobId, contextId] = [given.text('blob'), given.optional('context')]
  const output = given.optional('output') ?? blobId
  if (output === '-') return toStdout(on, { id: blobId, contextId }, given, edge)
  // A file of that name is whole, or it is not there.
  const target = path.resolve(edge.cwd, output)
  const force = given.flag('force')
  if (!force && existsSync(target)) throw taken(output)
  // Nobody else's: what is there under its name is left alone.
  const part = `${target}.${randomUUID()}.part`
  try {
    const json = await on.step('download_blob', { blob_id: blobId, context_id: contextId, output_path: part })
    if (force) await rename(part, target)
    else await placeNew(part, target, output)
    return { json, text: `${output}, ${bytesText(fieldOf(json, 'size'))}, SHA-256 ${fieldOf(json, 'sha256')}\n` }
  } finally {
    await rm(part, { force: true })
  }
}

/** Nothing is replaced, not even what has come meanwhile. */
async function placeNew(part: string, target: string, output: string): Promise<void> {
  try {
    await link(part, target)
  } catch (error) {
    if (existsSync(target)) throw taken(output)
    // A file system without hard links.
    if (!(error instanceof Error && 'code' in error && /EPERM|ENOTSUP|ENOSYS/.test(String(error.code)))) throw error
    await rename(part, target)
  }
}

function taken(output: string): CommandError {
  return new CommandError('USAGE', `${output} is there already; --force replaces it, --output writes another file`)
}

async function toStdout(
  { client, signal }: Operating,
  blob: { readonly id: string; readonly contextId: string | undefined },
  given: Given,
  { stdout, bytesOut }: CommandEdge,
): Promise<Answer> {
  if (given.flag('json')) throw new CommandError('USAGE', '--json and --output - would both be on the standard output')
  if (bytesOut === undefined || stdout.isTTY === true) {
    throw new CommandError(
      'USAGE',
      'a blob is not for a terminal: send it on with | or >, or name a file with --output',
    )
  }
  await client.downloadBlob(blob, (piece) => written(bytesOut, piece), { signal })
  return { json: null, text: '' }
}

/** When there is room for more. */
function written(out: NodeJS.WritableStream, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(piece, (error) => (error ? reject(error) : resolve()))
  })
}
