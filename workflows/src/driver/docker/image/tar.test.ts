import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type TarEntry, tarArchive, tarSize } from './tar.ts'

async function bytesOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of tarArchive(entries)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'calbox-tar-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

test('tar unpacks what is written: folders, contents, files, links, modes and long paths', async () => {
  const dir = temporary()
  writeFileSync(join(dir, 'source'), 'x'.repeat(70_000))
  const long = `${'folder/'.repeat(18)}file.js`
  const entries: TarEntry[] = [
    { path: 'a/', mode: 0o750 },
    { path: 'a/text', mode: 0o640, content: Buffer.from('hello') },
    { path: 'a/big', mode: 0o755, file: { path: join(dir, 'source'), size: 70_000 } },
    { path: 'a/link', mode: 0o777, link: 'text' },
    { path: long, mode: 0o644, content: Buffer.alloc(512, 1) },
  ]
  const bytes = await bytesOf(entries)
  expect(bytes.length).toBe(tarSize(entries))
  execFileSync('tar', ['-xpf', '-', '-C', dir], { input: bytes })
  expect(readFileSync(join(dir, 'a/text'), 'utf8')).toBe('hello')
  expect(readFileSync(join(dir, 'a/big'), 'utf8')).toHaveLength(70_000)
  expect(readlinkSync(join(dir, 'a/link'))).toBe('text')
  expect(readFileSync(join(dir, long))).toHaveLength(512)
  expect([statSync(join(dir, 'a')).mode & 0o777, statSync(join(dir, 'a/text')).mode & 0o777]).toEqual([0o750, 0o640])
})

test('a file that changes while it is read is an error, and no broken archive', async () => {
  const dir = temporary()
  writeFileSync(join(dir, 'f'), 'longer')
  await expect(bytesOf([{ path: 'f', mode: 0o644, file: { path: join(dir, 'f'), size: 3 } }])).rejects.toThrow(
    'has changed',
  )
})
