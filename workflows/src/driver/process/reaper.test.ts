import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../until.ts'
import { identify, isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts'
import { Reaper } from './reaper.ts'

const parentProgram = fileURLToPath(new URL('../fixtures/parent.mjs', import.meta.url))

let dir: string
let reaper: Reaper
let children: ChildProcess[]
let started: ProcessIdentity[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-reaper-'))
  reaper = new Reaper()
  children = []
  started = []
})

afterEach(() => {
  reaper.release()
  for (const child of children) child.kill('SIGKILL')
  for (const node of started) signalProcess(node, 'SIGKILL', 'group')
  rmSync(dir, { recursive: true, force: true })
})

/** A calbox with running nodes; resolves with their identities and those of its reapers. */
async function startParent(ending: string, ...names: string[]) {
  const parent = spawn(process.execPath, [parentProgram, dir, ending, ...names], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(parent)
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
  const told = JSON.parse(line) as { pid: number }[]
  // Undefined: it has already ended.
  const nodes = told.map(({ pid }) => identify(pid))
  started.push(...nodes.filter((node) => node !== undefined))
  return { parent, nodes }
}

function sleeper(): ProcessIdentity {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
  children.push(child)
  return identity(child.pid)
}

function identity(pid: number | undefined): ProcessIdentity {
  const found = identify(pid ?? 0)
  if (found === undefined) throw new Error(`no process ${pid}`)
  return found
}

function gone(what: string, process: () => ProcessIdentity | undefined): Promise<undefined> {
  return until({
    probe: async () => {
      const found = process()
      return found === undefined || !isAlive(found) ? { done: undefined } : { seen: 'alive' }
    },
    timeoutMs: 60_000,
    firstMs: 5,
    maxMs: 50,
    expired: () => new Error(`${what} is still alive`),
  })
}

/** Processes whose command line is our reaper program with this parent. */
function reapersOf(parentPid: number | undefined): ProcessIdentity[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const [, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return Number(ppid) === parentPid && /^calbox reaper|reaper-main/.test(command) ? [identity(Number(pid))] : []
      } catch {
        return []
      }
    })
}

test('kill -9 of calbox ends every node of the run, paused ones too, and then the reaper', async () => {
  const { parent, nodes } = await startParent('pause', 'n1', 'n2', 'n3')
  const reapers = reapersOf(parent.pid)
  expect(nodes.every((node) => node !== undefined && isAlive(node))).toBe(true)
  expect(reapers).toHaveLength(1)
  parent.kill('SIGKILL')
  for (const node of nodes) await gone('a node', () => node)
  for (const each of reapers) await gone('the reaper', () => each)
})

test('a calbox that ends without closing leaves no node behind', async () => {
  const { nodes } = await startParent('vanish', 'n1')
  for (const node of nodes) await gone('a node', () => node)
})

test('kept nodes survive the regular end, and the reaper does not stay for them', async () => {
  const { parent, nodes } = await startParent('keep', 'n1')
  const reapers = reapersOf(parent.pid)
  await once(parent, 'exit')
  for (const each of reapers) await gone('the reaper', () => each)
  expect(nodes.map((node) => node !== undefined && isAlive(node))).toEqual([true])
})

test('a process that only has the pid of a node is never hit', async () => {
  const innocent = sleeper()
  const doomed = sleeper()
  const hosted = spawn(process.execPath, [fileURLToPath(new URL('./reaper-main.ts', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  hosted.stdin.write(`${JSON.stringify({ watch: { ...innocent, startId: 'an earlier one' } })}\n`)
  hosted.stdin.end(`${JSON.stringify({ watch: doomed })}\n{"wat`)
  await once(hosted, 'exit')
  expect(isAlive(doomed)).toBe(false)
  expect(isAlive(innocent)).toBe(true)
})

test('what a program leaves behind in its group ends with calbox, too', async () => {
  // It goes on once it is known.
  const script = 'read go; sleep 100 & echo $!'
  const leader = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
  children.push(leader)
  const watch = { ...identity(leader.pid), wholeGroup: true }
  leader.stdin.end('\n')
  const [line] = (await once(createInterface({ input: leader.stdout }), 'line')) as [string]
  const left = identity(Number(line))
  started.push(left)
  if (leader.exitCode === null) await once(leader, 'exit')
  const hosted = spawn(process.execPath, [fileURLToPath(new URL('./reaper-main.ts', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  hosted.stdin.end(`${JSON.stringify({ watch })}\n`)
  await once(hosted, 'exit')
  await gone('what was left', () => left)
})

test('a node that was unwatched is left alone', async () => {
  const [ended, doomed] = [sleeper(), sleeper()]
  const hosted = spawn(process.execPath, [fileURLToPath(new URL('./reaper-main.ts', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  for (const watch of [ended, doomed]) hosted.stdin.write(`${JSON.stringify({ watch })}\n`)
  hosted.stdin.end(`${JSON.stringify({ unwatch: ended.pid })}\n`)
  await once(hosted, 'exit')
  expect([isAlive(ended), isAlive(doomed)]).toEqual([true, false])
})

test('a reaper that somebody kills is replaced, and the new one knows the nodes', async () => {
  const node = sleeper()
  reaper.watch(node)
  const first = identity(reaper.pid)
  process.kill(first.pid, 'SIGKILL')
  await until({
    probe: async () => (reaper.pid !== undefined && reaper.pid !== first.pid ? { done: undefined } : { seen: 'none' }),
    timeoutMs: 60_000,
    firstMs: 5,
    maxMs: 50,
    expired: () => new Error('no new reaper'),
  })
  const second = identity(reaper.pid)
  reaper.release()
  await gone('the released reaper', () => second)
  expect(isAlive(node)).toBe(true)
})
