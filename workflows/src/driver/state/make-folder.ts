// A folder with all that is above it. The platform's own recursive form never ends where the system answers "no such
// file" below a folder that is there, as in /proc.
import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'

/** Does nothing where the folder is there. Rejects with the system's error. */
export async function makeFolder(folder: string): Promise<void> {
  const parent = path.dirname(folder)
  if (parent !== folder && !(await isFolder(parent))) await makeFolder(parent)
  try {
    await mkdir(folder)
  } catch (error) {
    // It may have been there, or somebody else was faster.
    if (!(await isFolder(folder))) throw error
  }
}

async function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}
