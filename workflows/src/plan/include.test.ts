import { describe, expect, test } from 'vitest'
import { stepSchemas } from '../steps/registry.ts'
import { lines, plan } from './sample-plan.ts'
import { renderProblem } from './yaml/code-frame.ts'

/** `flows/w.yml` with these steps, beside other files. */
function planned(steps: string, files: Readonly<Record<string, string>>) {
  const asked: string[] = []
  const result = plan(`name: w\nnodes:\n  count: 2\nsteps:\n${steps}`, {
    file: 'flows/w.yml',
    kinds: stepSchemas,
    readIncluded: (file) => {
      asked.push(file)
      const text = files[file]
      return text === undefined ? { kind: 'absent' } : { kind: 'text', text }
    },
  })
  return { ...result, asked }
}

const WAIT = '- {type: wait, seconds: 1}\n'
const placesOf = ({ problems }: ReturnType<typeof planned>) =>
  problems.map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`)

describe('an included file', () => {
  test('is found beside the file that names it, and its steps are below the step', () => {
    const result = planned('  - include: parts/a.yml\n  - include: ../b.yml\n    name: second\n', {
      'flows/parts/a.yml': `- include: ./c.yml\n${WAIT}`,
      'flows/parts/c.yml': `name: deepest\nsteps:\n  ${WAIT}`,
      'b.yml': WAIT,
    })
    expect(lines(result)).toEqual([])
    expect(result.asked).toEqual(['flows/parts/a.yml', 'flows/parts/c.yml', 'b.yml'])
    const [first, second] = result.plan?.steps ?? []
    expect(first).toMatchObject({ kind: 'include', type: 'include', name: 'include parts/a.yml', path: 'steps[0]' })
    expect(first).not.toHaveProperty('file')
    expect(first?.branches[0]?.steps).toMatchObject([
      { kind: 'include', name: 'deepest', file: 'flows/parts/a.yml', position: { line: 1, column: 3 } },
      { kind: 'wait', file: 'flows/parts/a.yml', path: 'steps[0].[1]' },
    ])
    expect(first?.branches[0]?.steps[0]?.branches[0]?.steps).toMatchObject([
      { kind: 'wait', file: 'flows/parts/c.yml', path: 'steps[0].[0].steps[0]', position: { line: 3, column: 6 } },
    ])
    expect(second?.name).toBe('second')
    expect(result.plan?.stepCount).toBe(6)
  })

  test('is planned with all of its problems, each in the file it is in, once', () => {
    const result = planned('  - include: a.yml\n  - include: a.yml\n  - {type: wait}\n', {
      'flows/a.yml': '- {type: wait, seconds: x}\n- {type: call, node: nobody, context_id: c, method: m, retyr: 1}\n',
    })
    expect(placesOf(result)).toEqual([
      'flows/w.yml:7:6 the field "seconds" is missing',
      'flows/a.yml:1:25 "seconds" must be a whole number, not the text "x"',
      'flows/a.yml:2:22 unknown node "nobody"',
      'flows/a.yml:2:56 unknown field "retyr" in a step of kind "call"',
    ])
    const [, inside] = result.problems
    const shown = inside && renderProblem(inside, result.sources.get(inside.file) ?? '')
    expect(shown).toContain('> 1 | - {type: wait, seconds: x}')
    expect(shown).toContain('in step 1, at seconds')
  })

  test('may be a workflow: what else it has is warned of', () => {
    const result = planned('  - include: a.yml\n', { 'flows/a.yml': `name: a\nnodes: {count: 1}\nsteps:\n  ${WAIT}` })
    expect(placesOf(result)).toEqual([
      'flows/a.yml:2:1 "nodes" has no effect in an included file: only its steps and vars are taken',
    ])
    expect(result.plan).toBeDefined()
  })

  test('has vars of its own, which are known in it', () => {
    const call = '{type: call, node: calimero-node-1, context_id: c, method: m, args: {x: "{{v}}"}}'
    const result = planned(`  - include: a.yml\n  - ${call}\n`, { 'flows/a.yml': `vars: {v: 1}\nsteps: [${call}]\n` })
    expect(placesOf(result)).toEqual([
      expect.stringContaining('flows/w.yml:6:77 no step before this one sets the variable "v"'),
    ])
    expect(result.plan?.steps[0]?.branches[0]?.defaults).toEqual({ v: 1 })
  })

  test('sets variables for the steps after it', () => {
    const capture = '- {type: create_identity, node: calimero-node-1, outputs: {key: publicKey}}\n'
    const use = '  - {type: assert, statements: ["is_set({{key}})"]}\n'
    expect(placesOf(planned(`  - include: a.yml\n${use}`, { 'flows/a.yml': capture }))).toEqual([])
    expect(placesOf(planned(`${use}  - include: a.yml\n`, { 'flows/a.yml': capture }))).toEqual([
      'flows/w.yml:5:33 no step before this one sets the variable "key"',
    ])
    expect(planned(`${use}  - include: a.yml\n`, { 'flows/a.yml': capture }).problems[0]?.hint).toBe(
      'it is set only later, in line 1 of flows/a.yml',
    )
  })

  test.each([
    ['include: b.yml', {}, 'the file flows/b.yml does not exist'],
    ['include: "{{x}}.yml"', {}, 'a placeholder cannot stand here'],
    ['include: [a]', {}, '"include" must be a text'],
    ['include: ""', {}, '"include" must not be empty'],
    ['include: w.yml', {}, 'the file includes itself: flows/w.yml → flows/w.yml'],
    ['include: b.yml', { 'flows/b.yml': '- include: c.yml', 'flows/c.yml': '- include: ./b.yml' }, '→ flows/b.yml'],
    ['include: b.yml', { 'flows/b.yml': 'steps' }, 'an included file must be a list of steps'],
    ['include: b.yml', { 'flows/b.yml': 'a: [' }, 'flows/b.yml'],
    ['include: b.yml', { 'flows/b.yml': '' }, 'the file is empty'],
    ['include: b.yml', { 'flows/b.yml': 'steps: 5' }, 'the steps must be a list'],
    ['include: b.yml', { 'flows/b.yml': 'vars: 5\nsteps: []' }, '"vars" must be a map'],
    ['include: b.yml, type: wait', {}, 'unknown field "include"'],
    ['include: b.yml, expect: "1 == 1"', { 'flows/b.yml': WAIT }, '"expect" has nothing to look at'],
  ])('%s beside %j: %s', (step, files, message) => {
    const result = planned(`  - {${step}}\n`, files)
    expect(placesOf(result).join('\n')).toContain(message)
    expect(result.plan).toBeUndefined()
    for (const { file } of result.problems) expect(result.sources.has(file)).toBe(true)
  })

  test('that is nested deep, often or wide is refused without reading on for ever', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`flows/f${at}.yml`, `- include: f${at + 1}.yml`]),
    )
    expect(placesOf(planned('  - include: f0.yml\n', chain)).join()).toContain('included deeper than 10 levels')
    const two = (name: string) => `- include: ${name}\n`.repeat(20)
    const bomb = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`flows/g${at}.yml`, two(`g${at + 1}.yml`)]))
    const grown = planned('  - include: g0.yml\n', { ...bomb, 'flows/g9.yml': WAIT })
    expect(placesOf(grown).join()).toContain('files are included more than 500 times in all')
    const long = `- {type: wait, seconds: 1, vars: {v: [${'1,'.repeat(1000)}1]}}\n`
    const often = planned('  - include: big.yml\n'.repeat(300), { 'flows/big.yml': long })
    expect(placesOf(often).join()).toContain('the included files have more than 200000 values together')
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`flows/h${at}.yml`, WAIT]))
    const steps = Object.keys(wide).map((file) => `  - include: ${file.slice(6)}\n`)
    expect(placesOf(planned(steps.join(''), wide)).join()).toContain('more than 200 files are included')
  })

  test('cannot be read where nobody says how', () => {
    expect(lines(plan('name: w\nnodes: {count: 1}\nsteps: [{include: a.yml}]', { kinds: stepSchemas }))[0]).toContain(
      'files cannot be included here',
    )
  })
})
