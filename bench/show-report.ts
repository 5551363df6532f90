// What a benchmark has found: printed, and kept beside it where `--write` asks for it.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'

/** `folder`: of the benchmark; undefined: only printed. */
export async function showReport(report: object, folder: string | undefined, name = 'result.json'): Promise<void> {
  const text = `${JSON.stringify(report, null, 2)}\n`
  process.stdout.write(text)
  if (folder !== undefined) await writeFile(path.join(folder, name), text)
}
