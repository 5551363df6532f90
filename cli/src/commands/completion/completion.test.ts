import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stepKinds } from '@calbox/workflows/steps'
import type { Command } from 'commander'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProgram } from '../../program.ts'
import type { CommandEdge } from '../command-edge.ts'

let cwd: string
const scripts = new Map<string, string>()

beforeAll(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), 'calbox-completion-'))
  for (const name of ['a.yml', 'b c.yaml', 'other.txt', '.calbox/nodes/n-1.json', 'sub/x.yml']) {
    mkdirSync(path.join(cwd, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(cwd, name), '')
  }
  for (const shell of ['bash', 'zsh', 'fish']) {
    await program((text) => scripts.set(shell, text)).parseAsync(['completion', shell], { from: 'user' })
    writeFileSync(path.join(cwd, `c.${shell}`), scripts.get(shell) ?? '')
  }
})

afterAll(() => rmSync(cwd, { recursive: true, force: true }))

function program(write: (text: string) => unknown): Command {
  const { signal } = new AbortController()
  const edge: CommandEdge = { cwd: '/', stdout: { write }, stderr: { write }, stdin: process.stdin, signal, env: {} }
  return createProgram('1.0.0', edge)
}

/** What bash offers at the end of the line: the completion itself is run, by bash. */
function bash(line: string): string[] {
  const said = '"$' + '{COMPREPLY[@]}"'
  const run = `source ./c.bash; COMP_LINE=$1 COMP_POINT=$2; _calbox; printf "%s\\n" ${said}; complete -p calbox`
  const out = execFileSync('bash', ['--norc', '-c', run, 'bash', line, String(line.length)], { cwd, encoding: 'utf8' })
  const lines = out.trimEnd().split('\n')
  expect(lines.pop()).toBe('complete -F _calbox calbox')
  return lines.filter((each) => each !== '').sort()
}

test('bash completes commands, options and their values, files, steps and nodes', () => {
  const commands = program(() => undefined).commands.map((command) => command.name())
  expect(bash('calbox ')).toEqual([...commands, '--help', '--version'].sort())
  expect(bash('calbox run --re')).toEqual(['--remote-auth', '--remote-node', '--report'])
  expect(bash('calbox run --report j')).toEqual(['json=', 'junit='])
  expect(bash('calbox run ')).toEqual(['.calbox', 'a.yml', 'b c.yaml', 'sub'])
  expect(bash('calbox run -q --seed run a')).toEqual(['a.yml'])
  expect(bash('calbox run sub/')).toEqual(['sub/x.yml'])
  expect(bash('calbox bootstrap ')).toEqual(['create-sample', 'run', 'validate'])
  expect(bash('calbox bootstrap run --e2e')).toEqual(['--e2e-mode'])
  expect(bash('calbox steps wait_for')).toEqual(['wait_for_sync'])
  expect(bash('calbox logs ')).toEqual(['n-1'])
  expect(bash('calbox completion ')).toEqual(['bash', 'fish', 'zsh'])
  expect(bash('calbox init s')).toEqual(['sub'])
})

test('names of files in a checkout are never run, and only names of nodes are offered as such', () => {
  const hostile = ['$(touch pwned)', '`touch pwned`', 'n;touch pwned', '-x', 'n*']
  for (const name of hostile.flatMap((each) => [`.calbox/nodes/${each}.json`, `h/${each}.yml`])) {
    mkdirSync(path.join(cwd, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(cwd, name), '')
  }
  for (const line of ['logs ', 'logs $(', 'logs `', 'ps --nodes ']) bash(`calbox ${line}`)
  expect(bash('calbox logs ')).toEqual(['n-1'])
  expect(bash('calbox logs n')).toEqual(['n-1'])
  expect(bash('calbox run h/')).toEqual(hostile.map((name) => `h/${name}.yml`).sort())
  const others = [
    ['zsh', 'compdef() { :; }; compadd() { print -l -- $' + '{(P)2}; }; source ./c.zsh; __calbox_nodes'],
    ['fish', 'source ./c.fish; complete -C "calbox logs " | string match -v -- "-*"'],
  ] as const
  for (const [shell, text] of others) {
    const { error, stdout } = spawnSync(shell, ['-c', text], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, HOME: path.join(cwd, '.calbox') },
    })
    if (error === undefined) expect([shell, stdout]).toEqual([shell, 'n-1\n'])
  }
  expect(readdirSync(cwd)).not.toContain('pwned')
  rmSync(path.join(cwd, 'h'), { recursive: true })
})

test('every shell knows every command, every option that help shows, and every step kind', () => {
  const { commands } = program(() => undefined)
  const options = commands.flatMap((command) => command.options.filter(({ hidden }) => !hidden))
  const kinds = stepKinds.map(({ kind }) => kind)
  for (const [shell, script] of scripts) {
    const flags = options.map(({ long }) => (shell === 'fish' ? `-l ${long?.slice(2)} ` : String(long)))
    const names = commands.map((command) => command.name())
    expect([...names, ...flags, ...kinds].filter((each) => !script.includes(each))).toEqual([])
  }
})

test('no function of a script is written twice', () => {
  for (const script of scripts.values()) {
    const names = [...script.matchAll(/^(?:function )?(_\w+)(?:\(\) \{)?$/gm)].map(([, name]) => name)
    expect(names).toEqual([...new Set(names)])
  }
})

test.each([
  ['bash', ['-n']],
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
] as const)('%s can read its script', (shell, flags) => {
  const { error, status, stderr } = spawnSync(shell, [...flags, `c.${shell}`], { cwd, encoding: 'utf8' })
  // Not every machine has every shell.
  if (error && 'code' in error && error.code === 'ENOENT' && shell !== 'bash') return
  expect([status, stderr]).toEqual([0, ''])
})

test('another shell is refused with those there are', async () => {
  let said = ''
  const refused = program(() => undefined)
  for (const command of refused.commands) command.configureOutput({ writeErr: (text) => (said += text) })
  await expect(refused.parseAsync(['completion', 'csh'], { from: 'user' })).rejects.toThrow()
  expect(said).toContain('Allowed choices are bash, zsh, fish')
})
