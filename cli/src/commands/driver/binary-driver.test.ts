// Behind `--binary-path` is a stand-in for merod (workflows/src/driver/fixtures): no real one is at hand.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PassThrough } from 'node:stream'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommandEdge } from '../command-edge.ts'
import { runRun } from '../run/run.ts'
import { type RunCommandOptions, withRunOptions } from '../run/run-options.ts'
import { openDriver } from './driver-options.ts'

const standIn = resolve(import.meta.dirname, '../../../../workflows/src/driver/fixtures/fake-merod.mjs')

let cwd: string
let edge: CommandEdge
let shown: string
let notes: string[]

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'calbox-binary-'))
  shown = ''
  notes = []
  const write = (text: string) => {
    shown += text
  }
  const signal = new AbortController().signal
  edge = { cwd, stdout: { write }, stderr: { write }, stdin: new PassThrough(), signal, env: { PATH: '/nowhere' } }
  writeFileSync(join(cwd, 'merod'), `#!/bin/sh\nexec "${process.execPath}" "${standIn}" "$@"\n`, { mode: 0o755 })
  writeFileSync(join(cwd, 'calnode.mjs'), "console.log('Usage: calnode [options] [command]')\n")
  writeFileSync(join(cwd, 'other.mjs'), "console.log('hello')\n")
})

afterEach(() => rmSync(cwd, { recursive: true, force: true }))

function parsed(...args: string[]): RunCommandOptions {
  const command = withRunOptions(new Command('run'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  return command.parse(args, { from: 'user' }).opts()
}

async function kindOf(...args: string[]): Promise<string> {
  const { driver } = await openDriver(parsed(...args), edge, (message) => notes.push(message))
  await driver.close()
  return driver.kind
}

test('a program is asked what it is, in the spelling of merobox, too, and the answer is said', async () => {
  expect(await kindOf('--no-docker', '--binary-path', './merod', '--merod-args', '--mock-tee')).toBe('merod')
  expect(await kindOf('--driver', 'merod', '--binary-path', 'merod', '--log-level', 'info')).toBe('merod')
  expect(await kindOf('--binary-path', 'calnode.mjs', '--merod-args', 'x')).toBe('process')
  expect(notes).toEqual([
    'the nodes run ./merod, which is merod 0.0.0-stand-in',
    'the nodes run merod, which is merod 0.0.0-stand-in',
    'the nodes run calnode.mjs, which is calnode',
    '--merod-args is not used: the nodes are no merod',
  ])
})

test('what cannot be meant is refused with the reason', async () => {
  const refused = (said: string, ...args: string[]) => expect(kindOf(...args)).rejects.toThrow(said)
  await refused('neither merod nor calnode', '--binary-path', 'other.mjs')
  await refused('there is no ./gone; without this option calbox runs its own nodes', '--binary-path', './gone')
  await refused('there is no gone here or in PATH', '--binary-path', 'gone')
  await refused('calnode.mjs is calnode by what it says', '--driver', 'merod', '--binary-path', 'calnode.mjs')
  await refused('--driver merod runs it', '--driver', 'process', '--binary-path', 'merod')
  await refused('merod in containers is not supported yet', '--driver', 'merod')
  await refused('merod in containers is not supported yet', '--driver', 'merod', '--image-as-written')
  await refused('contradict each other', '--driver', 'docker', '--no-docker')
  await refused('containers have an image', '--driver', 'docker', '--binary-path', 'merod')
  await refused('--node-cpus is only of use', '--binary-path', 'merod', '--node-cpus', '1')
  await refused('a quote is not closed', '--binary-path', 'merod', '--merod-args', '"a')
})

test('a workflow runs on merod by the path in its file: nodes stop and start, are held still, and run commands', async () => {
  writeFileSync(
    join(cwd, 'workflow.yml'),
    `name: on merod
binary_path: ./merod
stop_all_nodes: true
nodes: { a: { mock_tee: true }, b: {} }
steps:
  - { type: stop_node, nodes: b }
  - { type: node_exec, node: b, args: [config], outputs: { config: stdout } }
  - { type: assert, statements: ["contains({{config}}, 'peer_id')"] }
  - { type: start_node, nodes: b }
  - { type: pause_container, container: a }
  - { type: unpause_container, container: a }
`,
  )
  await runRun([], parsed('--driver', 'merod', '--e2e-mode'), edge)
  expect(shown).toContain('which is merod 0.0.0-stand-in')
  const config = readFileSync(join(cwd, 'data/a/a/a/config.toml'), 'utf8')
  for (const edit of ['mdns = true', 'frequency_ms = 1000', '/udp/']) expect(config).toContain(edit)
})

test('a step that needs faults is refused on merod before it starts, where the file asks for it; the command to run it again has the program', async () => {
  const steps = 'steps: [{ type: partition_peers, node: a, peers: [b] }]'
  const text = `name: cut\nbinary_path: ./merod\nstop_all_nodes: true\nnodes: { a: {}, b: {} }\n${steps}\n`
  writeFileSync(join(cwd, 'workflow.yml'), text)
  await expect(runRun([], parsed('--binary-path', './merod'), edge)).rejects.toMatchObject({ exitCode: 3 })
  expect(shown).toContain('partition_peers: merod makes no faults of connections')
  expect(shown).toContain('workflow.yml:5:')
  expect(existsSync(join(cwd, 'data'))).toBe(false)
  expect(shown).toContain('--binary-path ./merod')
})
