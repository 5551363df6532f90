// Where a blob lies in a node's folder. Our nodes name the folder of a blob by the hex of its id; the SHA-256 of the whole
// content is its second address, under which applications name their code, and that only the bytes tell.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { hexOfBase58 } from '../../values/base58.ts'

/** Of the data of a blob, in its folder. */
const DATA = 'data'

/** `blobId` in base58, without separators of paths. Undefined where nothing in `directory` has either address. */
export async function findBlobOnDisk(
  directory: string,
  blobId: string,
  { signal }: { signal: AbortSignal },
): Promise<string | undefined> {
  const hex = hexOfBase58(blobId)
  // Others name its file by the id itself.
  for (const name of hex === undefined ? [blobId] : [hex, blobId]) {
    const place = path.join(directory, name)
    if (await isThere(place)) return place
  }
  if (hex === undefined) return undefined
  for (const name of await namesIn(directory)) {
    const place = path.join(directory, name)
    if (/^[0-9a-f]{64}$/.test(name) && (await contentHash(path.join(place, DATA), signal)) === hex) return place
  }
  return undefined
}

async function isThere(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined)) !== undefined
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    // No blob was ever there.
    if (isMissing(error)) return []
    throw error
  }
}

/** Undefined where there is no such file (any more). */
async function contentHash(file: string, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(file), hash, { signal })
  } catch (error) {
    signal.throwIfAborted()
    if (isMissing(error)) return undefined
    throw error
  }
  return hash.digest('hex')
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
