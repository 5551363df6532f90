// A real node keeps its own log from growing without end, and whoever reads it sees one log all the same.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { NodeDriver, NodeSpec } from '../driver.ts'
import { localNodeLog } from '../local-nodes.ts'
import { NodeState } from '../state/node-state.ts'
import { openProcessDriver } from './open-process-driver.ts'

const BUILD = fileURLToPath(new URL('../../../../scripts/build.ts', import.meta.url))
const calnode = fileURLToPath(new URL('../../../../node-runtime/dist/calnode.js', import.meta.url))
const { signal } = new AbortController()

/** Longer than a line of the node, and shorter than a dozen of them. */
const MAX_BYTES = 2000
const LINE_BYTES = 1000

let dir: string
let drivers: NodeDriver[]

// What has not changed since it was built is left alone.
beforeAll(() => {
  execFileSync(process.execPath, [BUILD], { stdio: ['ignore', 'ignore', 'inherit'] })
})

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-log-bound-'))
  drivers = []
})

afterEach(async () => {
  for (const each of drivers) await each.close({ graceMs: 0 })
  rmSync(dir, { recursive: true, force: true })
})

function open() {
  const opened = openProcessDriver({ calnode, stateDir: join(dir, '.calbox') })
  drivers.push(opened.driver)
  return opened.driver
}

function spec(name: string): NodeSpec {
  const dataDir = join(dir, name)
  const logFile = join(dataDir, 'logs', `${name}.log`)
  const args = ['--log-max-bytes', String(MAX_BYTES)]
  return { name, dataDir, logFile, bootstrap: [], runId: 'run-1', mdns: false, args }
}

/** Of an upload that the node refuses, which it logs with its size. */
const FIRST = 99_900_000_000_000

function refused(url: string, size: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': String(size) }
    const asked = request(`${url}/admin-api/blobs`, { method: 'PUT', headers, agent: false }, (reply) => {
      reply.resume()
      asked.destroy()
      resolve(reply.statusCode)
    })
    asked.once('error', reject)
    asked.flushHeaders()
  })
}

function sizesIn(lines: readonly string[]): number[] {
  return lines.flatMap((line) => (/999\d{11}/.exec(line) ?? []).map((digits) => Number(digits) - FIRST))
}

function upTo(count: number, from = 0): number[] {
  return Array.from({ length: count - from }, (_, at) => from + at)
}

test('a log is put aside while its node lives, and places in it stay what they are', async () => {
  const first = open()
  const node = await first.start(spec('n1'), { signal })
  const log = first.logs(node)
  const shown: string[] = []
  const follow = async () => {
    for await (const line of log.follow({ signal, from: 0 })) shown.push(line)
  }
  const following = follow()
  const ends: number[] = []
  const say = async (sizes: readonly number[], isSeen: (size: number) => Promise<void>) => {
    for (const size of sizes) {
      expect(await refused(node.url, FIRST + size)).toBe(413)
      await isSeen(size)
      ends[size] = await log.end()
    }
  }
  // Who follows looks time and again: what came and went between two looks would be missing.
  const isShown = async (size: number) => {
    await expect.poll(() => sizesIn(shown).at(-1)).toBe(size)
  }
  await say(upTo(40), isShown)
  // Each once, and nothing of how it is kept.
  expect(sizesIn(shown)).toEqual(upTo(40))
  expect(shown.join('\n')).not.toContain('calbox:')
  expect(shown.join('\n')).not.toContain('the log goes on')
  expect(ends.at(-1)).toBeGreaterThan(3 * MAX_BYTES)
  await expect.poll(() => statSync(node.spec.logFile).size).toBeLessThan(MAX_BYTES + LINE_BYTES)
  expect(statSync(`${node.spec.logFile}.1`).size).toBeLessThan(MAX_BYTES + 2 * LINE_BYTES)
  expect(sizesIn(await log.tail(3, ends[37]))).toEqual([35, 36, 37])
  const kept = (await log.text()).split('\n')
  expect(kept[0]).toMatch(/^\(calbox: \d+ bytes of the log before this line are not kept any more\)$/)
  expect(sizesIn(kept)).toEqual(upTo(40, sizesIn(kept)[0]))
  let gone = 0
  const pieces: string[] = []
  const onGone = (bytes: number) => {
    gone += bytes
  }
  for await (const piece of log.pieces({ onGone })) pieces.push(piece)
  expect(Buffer.byteLength(pieces.join('')) + gone).toBe(await log.end())

  await first.keep(node)
  await first.close()
  // Nobody is there but the node.
  await say(upTo(50, 40), isShown)
  const second = open()
  const adopted = await second.adopt('n1', { signal })
  if (adopted === undefined) throw new Error('the node is gone')
  expect(await second.logs(adopted).text()).toBe('')
  await say(upTo(52, 50), isShown)
  await expect.poll(async () => sizesIn((await second.logs(adopted).text()).split('\n'))).toEqual([50, 51])
  const record = await new NodeState(join(dir, '.calbox')).get('n1')
  const tail = record && (await localNodeLog(record).tail(4))
  expect(sizesIn(tail ?? [])).toEqual([48, 49, 50, 51])
  await second.stop(adopted)
  await following
  expect(sizesIn(shown)).toEqual(upTo(52))
})
