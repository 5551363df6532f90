// As npx does it: a shell between, which a signal ends before its child.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'

const MODULE = fileURLToPath(new URL('npx-end.ts', import.meta.url))
const PROGRAM = `
  import { onNpxEnd } from '${MODULE}'
  onNpxEnd(process.env, () => { console.log('ended'); process.exit() })
  setTimeout(() => {}, 50_000)
  console.log('up')`

vi.setConfig({ testTimeout: 60_000 })

test('the end of the shell that npx started us in is seen', async () => {
  const shell = spawn('sh', ['-c', `"${process.execPath}" --input-type=module -e "$PROGRAM"; :`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PROGRAM, npm_lifecycle_event: 'npx' },
  })
  let said = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said === '') shell.kill('SIGTERM')
    said += text
  })
  await once(shell, 'close')
  expect(said).toBe('up\nended\n')
})
