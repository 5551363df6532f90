import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { startGate } from './run-gate.ts'

/** Says which process it started, and waits for it. */
const HANGS = 'sleep 600 & echo "seen $! "; wait'
const LONG_MS = 600_000

function gate(script: string, limitMs = LONG_MS) {
  return startGate({ command: 'sh', args: ['-c', script], cwd: '.', env: process.env, limitMs })
}

test('a gate that hangs and its processes are killed when it is stopped, and what it printed is shown', async () => {
  const running = gate(HANGS)
  const pid = await vi.waitUntil(() => /seen (\d+) /.exec(running.output())?.[1], { timeout: 30_000 })
  running.stop('stopped by SIGTERM')
  const { passed, output } = await running.ended
  expect([passed, output]).toEqual([false, `seen ${pid} \n\nstopped by SIGTERM\n`])
  await vi.waitUntil(() => !isAlive(Number(pid)), { timeout: 30_000 })
})

test('a gate that takes longer than its limit has failed', async () => {
  const { passed, output } = await gate(HANGS, 1).ended
  expect([passed, output]).toEqual([false, expect.stringContaining('killed: not done after')])
})

test('a gate that ends says how, with both streams', async () => {
  const good = await gate('echo 1; echo 2 >&2').ended
  expect([good.passed, good.output.split('\n').sort()]).toEqual([true, ['', '1', '2']])
  expect(await gate('exit 3').ended).toEqual({ passed: false, output: '' })
})

/** Who has ended may be listed as a zombie (Z) for as long as nobody asks for how it ended. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    // There is no such process, or no such list on this system.
    return false
  }
}
