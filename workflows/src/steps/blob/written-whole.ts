// A file that is there as a whole or as it was: written beside its place first.
import { mkdir, realpath, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'

/**
 * `work` writes the file whose name it is given, which takes the place of `target` when it has resolved. What is no plain file
 * (a device, a pipe) is written itself.
 */
export async function writtenWhole<T>(
  target: string | undefined,
  work: (file: string | undefined) => Promise<T>,
): Promise<T> {
  if (target === undefined) return work(undefined)
  await mkdir(path.dirname(target), { recursive: true })
  const isThere = await stat(target).catch(() => undefined)
  if (isThere?.isFile() === false) return work(target)
  // Where it is a link, what it leads to is replaced.
  const place = isThere === undefined ? target : await realpath(target)
  const beside = `${place}.${crypto.randomUUID()}.part`
  try {
    const result = await work(beside)
    await rename(beside, place)
    return result
  } finally {
    await rm(beside, { force: true })
  }
}
