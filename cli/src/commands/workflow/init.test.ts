import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommandEdge } from '../command-edge.ts'
import { runInit } from './init.ts'

const LAUNCHER = fileURLToPath(new URL('../../../bin/calbox.cjs', import.meta.url))

let cwd: string
let out: string
let edge: CommandEdge

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'calbox-init-'))
  out = ''
  const write = (text: string) => {
    out += text
  }
  const { signal } = new AbortController()
  edge = { cwd, stdout: { write }, stderr: { write }, stdin: process.stdin, signal, env: {} }
})

afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const nextStep = () => /Run it with: (.*)\n/.exec(out)?.[1]

test('where calbox is installed, the next step is to ask npx for it', async () => {
  mkdirSync(path.join(cwd, 'node_modules/.bin'), { recursive: true })
  writeFileSync(path.join(cwd, 'node_modules/.bin/calbox'), '')
  await runInit('a/my demo', edge)
  expect(nextStep()).toBe("cd 'a/my demo' && npx calbox run")
  expect(readFileSync(path.join(cwd, 'a/my demo/workflow.yml'), 'utf8')).toContain('npx calbox steps')
})

test('elsewhere npx would ask the public registry: the next step names this program, in the workflow, too', async () => {
  await runInit('.', edge)
  expect(nextStep()).toBe(`node ${LAUNCHER} run`)
  const workflow = readFileSync(path.join(cwd, 'workflow.yml'), 'utf8')
  expect(workflow).toContain(`# One node writes, all nodes read. Run it with: node ${LAUNCHER} run`)
  expect(workflow).not.toContain('npx')
})
