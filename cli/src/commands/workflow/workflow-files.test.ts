import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readWorkflowFiles } from './workflow-files.ts'

const PROGRAM = fileURLToPath(new URL('../../validate-main.ts', import.meta.url))
const BUSY_MACHINE_MS = 120_000

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'calbox-files-'))
  writeFileSync(path.join(folder, 'w.yml'), 'name: w\nnodes: { count: 1 }\nsteps: [{ type: wait, seconds: 1 }]\n')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('what has no end, or nobody who writes it, is refused instead of read', () => {
  execFileSync('bash', ['-c', 'mkfifo pipe.yml'], { cwd: folder })
  for (const name of ['/dev/zero', 'pipe.yml']) {
    const why = expect.objectContaining({ exitCode: 2, message: `cannot read ${name}: it is no regular file` })
    expect(() => readWorkflowFiles(folder, [name])).toThrow(why)
  }
  expect(() => readWorkflowFiles(folder, ['.'])).toThrow('it is a folder')
  expect(() => readWorkflowFiles(folder, ['none.yml'])).toThrow('there is no such file')
  expect(readWorkflowFiles(folder, ['w.yml', './w.yml'])).toHaveLength(2)
})

test(
  'what a shell hands over is read: a command in place of a file, and the standard input',
  () => {
    const validate = `'${process.execPath}' --conditions=source '${PROGRAM}' validate`
    const script = `${validate} <(cat w.yml) && cat w.yml | ${validate} /dev/stdin`
    const out = execFileSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' })
    expect(out).toMatch(/^✓ \/dev\/fd\/\d+ is valid.*\n✓ \/dev\/stdin is valid.*\n$/)
  },
  BUSY_MACHINE_MS,
)
