import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileFault } from './file-fault.ts'

let place: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'calbox-fault-'))
  writeFileSync(join(place, 'data'), 'hi')
})
afterEach(() => rmSync(place, { recursive: true }))

function faultOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    const fault = fileFault(error)
    return fault === undefined ? `not a file fault: ${String(error)}` : `${fault.exitCode} ${fault.message}`
  }
  return 'nothing was thrown'
}

test('a file where a folder is needed is an error of the environment that names the path', () => {
  const data = join(place, 'data')
  const node = join(data, 'node-1')
  expect(faultOf(() => mkdirSync(node, { recursive: true }))).toBe(
    `3 cannot write ${node}: a part of this path is a file, not a folder (ENOTDIR); move that file away`,
  )
  expect(faultOf(() => mkdirSync(data, { recursive: true }))).toContain(`3 cannot write ${data}: `)
  expect(faultOf(() => writeFileSync(place, ''))).toContain(`3 cannot write ${place}: it is a folder`)
  expect(faultOf(() => readdirSync(data))).toContain(`3 cannot read ${data}: `)
})

/** As somebody else: who is root may write everywhere, and only root can be somebody else. */
const asNobody = process.getuid?.() === 0 ? test : test.skip

asNobody('of a folder that cannot be made in one that is there, what the system has against it is said', () => {
  const closed = join(place, 'closed')
  mkdirSync(closed, { mode: 0o555 })
  chmodSync(place, 0o755)
  const below = join(closed, 'a/b')
  process.seteuid?.(65_534)
  try {
    // How the platform tells it.
    expect(() => mkdirSync(below, { recursive: true })).toThrow(/ENOENT|EACCES/)
    const hidden = Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'mkdir', path: below })
    expect(fileFault(hidden)?.message).toBe(
      `cannot write ${join(closed, 'a')}: permission denied (EACCES); give this user access to it, or use another folder`,
    )
  } finally {
    process.seteuid?.(0)
  }
  const there = Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'mkdir', path: join(place, 'a/b') })
  expect(fileFault(there)?.message).toContain('the system makes no folders there (ENOENT)')
})

test('a full disk knows no path and takes the given one; a missing file and errors of sockets are none of these', () => {
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' })
  expect(fileFault(full, '/x/run.json')?.message).toBe(
    'cannot write /x/run.json: the disk is full (ENOSPC); make room, for example with `calbox nuke`',
  )
  expect(fileFault(Object.assign(new Error('no'), { code: 'EACCES', syscall: 'listen' }))).toBeUndefined()
  expect(faultOf(() => readdirSync(join(place, 'nope')))).toContain('not a file fault')
  expect(fileFault(new TypeError('x'))).toBeUndefined()
})
