import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withScratchFolder } from './scratch-folder.ts'

function parentFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'calbox-scratch-'))
  onTestFinished(() => rmSync(parent, { recursive: true }))
  return parent
}

test('the folder is there while it is used, and gone afterwards, after a failure too', async () => {
  const parent = parentFolder()
  const seen = await withScratchFolder(async (folder) => [join(parent, String(readdirSync(parent))), folder], parent)
  expect(seen[0]).toBe(seen[1])
  await expect(withScratchFolder(() => Promise.reject(new Error('full')), parent)).rejects.toThrow('full')
  expect(readdirSync(parent)).toEqual([])
})

test('what a killed process has left goes with the next one; what others use, and what is not ours, stays', async () => {
  const parent = parentFolder()
  const code = `import { withScratchFolder } from ${JSON.stringify(join(import.meta.dirname, 'scratch-folder.ts'))}
    await withScratchFolder(async (folder) => { console.log(folder); await new Promise((end) => setInterval(end, 2 ** 30)) }, ${JSON.stringify(parent)})`
  const args = ['--conditions=source', '--input-type=module-typescript', '-e', code]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [left] = (await once(child.stdout, 'data')).map((data) => String(data).trim())
  const others = ['calbox-image-Ab12Cd', 'calbox-image-pid1-1-0123456789ab-x']
  for (const name of others) mkdirSync(join(parent, name))
  const names = () => readdirSync(parent).map((name) => join(parent, name))
  await withScratchFolder(async () => expect(names()).toContain(left), parent)
  expect(names()).toContain(left)
  child.kill('SIGKILL')
  await ended
  await withScratchFolder(async () => expect(names()).not.toContain(left), parent)
  expect(readdirSync(parent).sort()).toEqual(others)
})
