import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { outcomesOf, runYaml, withContext } from '../../testing/run-yaml.ts'

import { CALL, calls, ends, get, run, set } from './controls.fixture.ts'

describe('if', () => {
  test('a step whose condition does not hold is skipped, sends nothing and captures nothing', async () => {
    const done = await run(
      `${get('if: "1 == 2", outputs: { got: result.output }')}${get('if: ["1 == 1", "is_set({{context_id}})"]')}`,
    )
    expect([done.failure?.message, done.outcome]).toEqual([undefined, 'passed'])
    expect(ends(done)).toEqual(['get: skipped, skipped: not true: "1" == "2"', 'get: passed, get on n-1 → null'])
    expect(calls(done.network)).toHaveLength(1)
    expect(done.variables.has('got')).toBe(false)
    expect(done.record.counts).toMatchObject({ skipped: 1, passed: 6, notReached: 0 })
  })

  test('a variable that nothing has set is not set', async () => {
    const done = await run(
      `${get('if: "is_set({{nope}})"')}${get('if: "is_empty({{ nope }})"')}${get('if: false')}${get('if: true')}`,
    )
    expect(outcomesOf(done, 'get')).toEqual(['skipped', 'passed', 'skipped', 'passed'])
  })

  test('a variable may decide by itself, where it is true or false', async () => {
    const flags = 'vars: { yes_: true, no_: "False", other: 5 }'
    const done = await run(
      `${get(`${flags}, if: "{{yes_}}"`)}${get(`${flags}, if: "{{no_}}"`)}${get(`${flags}, if: "{{other}}"`)}`,
    )
    expect(outcomesOf(done, 'get')).toEqual(['passed', 'skipped', 'failed'])
    expect(done.failure).toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('{{other}} is 5, neither true nor false'),
    })
  })

  test('true, false and null are the truth values and nothing, as a text they are a text', async () => {
    const vars = 'vars: { t: true, f: false, n: null, s: "true", i: 1 }'
    const holds =
      '{{t}} == true, {{f}} == false, {{f}} != true, {{n}} == null, {{n}} == None, {{t}} == True, {{s}} == true'
    const fails = '{{t}} == false, {{t}} != true, {{n}} != null, {{f}} == null, {{s}} == null, {{i}} == true'
    const forms = ['equal({{t}}, true)', 'not_equal(null, {{t}})', 'equals(false, {{f}})', 'not_equals({{s}}, True)']
    const steps = (list: readonly string[]) => list.map((text) => get(`${vars}, if: "${text}"`)).join('')
    expect(outcomesOf(await run(steps([...holds.split(', '), ...forms])), 'get')).toEqual(Array(11).fill('passed'))
    expect(outcomesOf(await run(steps(fails.split(', '))), 'get')).toEqual(Array(6).fill('skipped'))
    const expected = await run(get(`${vars}, expect: ['{{output}} == null', '{{t}} == true']`))
    expect(expected.failure).toBeUndefined()
    const assert = await run(`  - { type: assert, ${vars}, statements: ['{{t}} == true'] }`)
    expect(assert.failure?.code).toBe('assertion')
  })

  test('a condition that cannot be judged fails the step, at its line', async () => {
    const done = await run(
      `  - name: get\n    ${CALL.replaceAll(', ', '\n    ')}\n    method: get\n    if: "{{nope}} == 1"\n`,
    )
    expect(done.failure?.message).toContain('"if" cannot be judged: the placeholder {{nope}}')
    expect(done.failure?.place).toMatchObject({ line: 22, column: 9 })
  })
})

describe('for_each', () => {
  test('entries whose condition does not hold are told, and a step of nothing else is skipped', async () => {
    const done = await run(
      `${get('for_each: [a, b], if: "{{item}} == a"')}${get('for_each: [a, b], if: "{{item}} == c"')}`,
    )
    const summaries = ends(done).filter((each) => each.startsWith('get:'))
    expect(summaries).toEqual(['get: passed, 2 entries, 1 skipped', 'get: skipped, skipped: each of its 2 entries'])
  })

  test('the name of a step may be made of what the step itself is lent', async () => {
    const named = "{ name: 'of {{who}}', type: wait, seconds: 1"
    const done = await run(
      `  - ${named}, vars: { who: ann } }\n  - ${named}, vars: { who: '{{item}}' }, for_each: [b] }\n`,
    )
    expect(ends(done).map((each) => each.split(':')[0])).toEqual(['of ann', 'of b', 'of who'])
  })

  test('runs the step for each entry, as a step of its own; what it captures stays', async () => {
    const done = await run(
      `${set('{{item}}', 'v{{iteration}}', ', for_each: [a, b]')}${get('for_each: { as: k, in: [a, b] }, outputs: { last: result.output }', "'{{k}}'")}`,
    )
    expect(ends(done)).toEqual([
      'set [a]: passed, set on n-1 → null',
      'set [b]: passed, set on n-1 → null',
      'set: passed, 2 entries',
      'get [a]: passed, get on n-1 → "v1"',
      'get [b]: passed, get on n-1 → "v2"',
      'get: passed, 2 entries',
    ])
    expect(done.variables.get('last')).toBe('v2')
    for (const name of ['item', 'k', 'iteration']) expect(done.variables.has(name)).toBe(false)
    const kinds = done.events.flatMap((event) => (event.type === 'step:start' ? event.step.kind : []))
    expect(kinds.slice(5)).toEqual(['for_each', 'call', 'call', 'for_each', 'call', 'call'])
  })

  test('entries that are maps give their fields, and are resolved', async () => {
    const list = "for_each: [{ key: '{{context_id}}', value: 1 }, { key: b, value: [2] }]"
    const done = await run(
      `  - { name: set, ${CALL}, method: set, args: { key: '{{item.key}}', value: '{{item.value}}' }, ${list} }\n`,
    )
    expect(calls(done.network)).toEqual(
      [
        { key: 'Context2', value: 1 },
        { key: 'b', value: [2] },
      ].map((each) => ({ ...each, key: each.key === 'b' ? 'b' : done.variables.get('context_id') })),
    )
  })

  test('a loop in a loop has its own variables, and gives the outer ones back', async () => {
    const inner = set('{{item}}{{o}}{{iteration}}.', 'v', ', for_each: [x, y]').trimEnd().replace('  - ', '')
    const done = await run(
      `  - { type: block, for_each: { as: o, in: [1, 2] }, steps: [${inner}, { ${CALL}, method: echo, args: { i: '{{iteration}}' } }] }\n`,
    )
    expect(calls(done.network)).toEqual([
      { key: 'x11.', value: 'v' },
      { key: 'y12.', value: 'v' },
      { i: 1 },
      { key: 'x21.', value: 'v' },
      { key: 'y22.', value: 'v' },
      { i: 2 },
    ])
  })

  test('the condition is asked for each entry', async () => {
    const done = await run(set('{{item}}', 'v', ', for_each: [a, b, c], if: "{{item}} != b"'))
    expect(outcomesOf(done, 'set [b]')).toEqual(['skipped'])
    expect(calls(done.network)).toHaveLength(2)
  })

  test('an empty list is nothing to do; what is no list is a mistake', async () => {
    expect(ends(await run(get('for_each: []')))).toEqual(['get: skipped, skipped: the list of for_each is empty'])
    const text = await run(get('for_each: "{{context_id}}"'))
    expect(text.failure?.message).toMatch(/"for_each" needs a list, and \{\{context_id\}\} is Context/)
    expect((await run(get('for_each: "{{nope}}"'))).failure?.message).toContain('the placeholder {{nope}} is not set')
  })

  test('a captured list that is too long is refused', async () => {
    const list = `{ type: call, node: n-1, context_id: '{{context_id}}', method: echo, args: { l: [${'0,'.repeat(10_000)}0] }, outputs: { l: result.output.l } }`
    const done = await run(`  - ${list}\n${get("for_each: '{{l}}'")}`)
    expect(done.failure?.message).toContain('"for_each" has 10001 entries; at most 10000 are run')
  })

  test('the first entry that fails is the failure, and the last', async () => {
    const done = await run(
      `  - { name: go, ${CALL}, method: '{{item}}', for_each: [echo, nope, echo] }\n`.replace("'{{item}}'", 'nope'),
    )
    expect(done.failure?.steps).toEqual(['go', 'go [echo]'])
    expect(outcomesOf(done, 'go')).toEqual(['failed'])
  })
})

describe('vars', () => {
  test('any name is one of a variable, captured or lent', async () => {
    const done = await run(
      `  - { ${CALL}, method: echo, args: { x: '{{__proto__}}!' }, vars: { __proto__: 7 }, outputs: { constructor: result.output.x } }\n` +
        `  - { ${CALL}, method: echo, args: { x: '{{constructor}}' }, outputs: { __proto__: result.output.x } }\n` +
        `  - { type: assert, statements: ["{{__proto__}} == 7!"] }\n`,
    )
    expect(done.failure?.message).toBeUndefined()
    const ends = done.events.flatMap((event) => (event.type === 'step:end' ? [event.captured ?? {}] : []))
    expect(ends.some((captured) => Object.hasOwn(captured, '__proto__'))).toBe(true)
  })

  test('are set while the step runs; each may be made of those before it', async () => {
    const done = await run(`  - { ${CALL}, method: echo, args: { x: '{{b}}!' }, vars: { a: 1, b: '{{a}}2' } }\n`)
    expect(calls(done.network)).toEqual([{ x: '12!' }])
    expect(done.variables.has('a')).toBe(false)
  })

  test('end with the step, except where the step has set them: what is captured stays', async () => {
    const own = 'vars: { got: none, more: 1 }'
    const done = await run(`${set('a', 'v')}${get(`${own}, outputs: { got: result.output }`)}`)
    expect([done.variables.get('got'), done.variables.has('more')]).toEqual(['v', false])
    const steps = `steps: [{ ${CALL}, method: get, args: { key: a }, outputs: { x: result.output } }]`
    const blocks = `  - { type: block, vars: { x: 1 }, steps: [{ type: block, vars: { x: 2, y: 3 }, ${steps} }, { type: assert, statements: ['{{x}} == v'] }] }\n`
    const tried = `  - { type: block, vars: { z: 1 }, eventually: true, steps: [{ ${CALL}, method: get, args: { key: a }, outputs: { z: result.output } }] }\n`
    const nested = await run(`${set('a', 'v')}${blocks}${tried}`)
    expect(nested.failure?.message).toBeUndefined()
    expect(['x', 'y', 'z'].map((name) => nested.variables.get(name))).toEqual(['v', undefined, 'v'])
  })

  test('of an included file that a step of it captures keep what was captured', async () => {
    const files = { 'setup.yml': `vars: { got: none, other: 1 }\nsteps:\n${get('outputs: { got: result.output }')}` }
    const done = await run(`${set('a', 'v')}  - include: setup.yml\n`, { files })
    expect([done.variables.get('got'), done.variables.has('other')]).toEqual(['v', false])
  })

  test('of the file are there from the start, those of the environment in no report', async () => {
    const text = withContext(`  - { ${CALL}, method: echo, args: { x: '{{url}} {{n}}.' } }\n`)
    const env = { SECRET: 'hush' }
    const done = await runYaml(`vars: { token: "$\{SECRET}", url: 'http://{{token}}', n: 5 }\n${text}`, { env })
    expect(calls(done.network)).toEqual([{ x: 'http://hush 5.' }])
    expect(done.record.captured).toMatchObject({ token: '(redacted)', url: '(redacted)', n: 5 })
    expect(readFileSync(`${done.runDir}/plan.json`, 'utf8')).not.toContain('hush')
  })
})

describe('secrets', () => {
  const secretly = async (steps: string) => {
    const done = await runYaml(withContext(steps).replace('name: test', `name: test\nvars: { toks: ['$\{TOK}', b] }`), {
      env: { TOK: 's3cr3t-token' },
    })
    expect(JSON.stringify([done.events, done.record, done.failure])).not.toContain('s3cr3t')
    return done
  }

  test('entries of a secret list are in no name of a step and in no reason', async () => {
    const done = await secretly(
      `${get("for_each: '{{toks}}', if: \"{{item}} == 'x'\"")}  - { name: 'w {{item}}', type: wait, seconds: 1, for_each: '{{toks}}' }\n`,
    )
    expect(ends(done)).toEqual([
      "get [1]: skipped, skipped: not true: {{item}} == 'x'",
      "get [2]: skipped, skipped: not true: {{item}} == 'x'",
      'get: skipped, skipped: each of its 2 entries',
      'w {{item}} [1]: passed',
      'w {{item}} [2]: passed',
      'w {{item}}: passed, 2 entries',
    ])
  })

  test('what is made of a secret, and what is compared with one, is not shown', async () => {
    const made = "for_each: { as: o, in: [{ k: '{{toks}}' }] }, vars: { x: '{{o.k}}' }"
    const done = await secretly(get(`${made}, if: "{{x}} != 5", expect: ["{{output}} == {{x}}"], retry: 2`))
    expect(done.failure?.message).toContain('{{output}} == {{x}}\n    not true; what was compared is secret')
    const judged = await secretly(
      `  - { type: assert, statements: [{ statement: '{{toks}} == 1', message: 'is {{toks}}' }] }\n`,
    )
    expect(judged.failure?.message).toContain('is {{toks}}\n    {{toks}} == 1\n    not true')
    const unclear = await secretly(get('if: "{{toks}}"'))
    expect(unclear.failure?.message).toContain('"if" cannot be judged: {{toks}} (its values are secret)')
  })

  test('a secret under another name is one, too', async () => {
    const named =
      "vars: { u: '{{toks}}' }, steps: [{ type: repeat, count: 1, outputs: { v: u }, steps: [{ name: 'n {{v}}', type: wait, seconds: 1 }] }]"
    const done = await secretly(`  - { type: block, ${named} }\n`)
    expect(outcomesOf(done, 'n {{v}}')).toEqual(['passed'])
  })
})

describe('expect', () => {
  test('statements about the reply, in both grammars, and about what was captured', async () => {
    const statements = `["{{output}} == v", 'json_subset({{result}}, {"output": "v"})', "equal({{got}}, {{output}})", { statement: "is_set({{reply}})", message: m }]`
    const done = await run(`${set('a', 'v')}${get(`outputs: { got: result.output }, expect: ${statements}`)}`)
    expect(done.outcome).toBe('passed')
    expect(done.variables.has('output')).toBe(false)
  })

  test('what does not hold is shown with both sides and the reply', async () => {
    const done = await run(`${set('a', 'v')}${get('expect: ["{{output}} == w", "1 == 1"]')}`)
    expect(done.failure).toMatchObject({ code: 'assertion', node: 'n-1', place: { line: 18 } })
    expect(done.failure?.message).toBe(
      'the reply is not as expected: 1 of 2 statements do not hold:\n  {{output}} == w\n    left:  "v"\n    right: "w"\n  the reply: {"jsonrpc":"2.0","id":"1","result":{"output":"v"}}',
    )
    expect(done.failure?.comparisons).toMatchObject([{ statement: '{{output}} == w', left: '"v"', right: '"w"' }])
  })

  test('a map of paths is compared exactly', async () => {
    const wanted = (output: string) => get(`expect: { result.output: ${output} }, vars: { x: v }`)
    expect((await run(`${set('a', 'v')}${wanted("'{{x}}'")}`)).outcome).toBe('passed')
    expect((await run(`${set('a', 'v')}${wanted('null')}`)).failure?.message).toContain('right: null')
    const nothing = await run(get('expect: { result.nope: null }'))
    expect(nothing.failure?.message).toContain('there is nothing; null was expected')
  })

  test('a variable of the file does not stand in for what the reply lacks', async () => {
    const members = "{ type: list_group_members, node: n-1, group_id: '{{namespace_id}}', vars: { output: 1 }"
    const done = await run(`  - ${members}, expect: "{{output}} == 1" }\n`)
    expect(done.failure?.message).toContain('the placeholder {{output}}')
    expect((await run(`  - ${members}, expect: { members.0.role: Admin } }\n`)).outcome).toBe('passed')
  })
})

describe('eventually', () => {
  /** n-1 hears of the write of n-2 after so many looks. */
  const lagging = (polls: number) => {
    const network = new FixtureNetwork()
    network.node('n-1').lagReads = polls
    return network
  }
  const write = set('a', 'v').replace('node: n-1', 'node: n-2')
  const read = (eventually: string) => get(`expect: "{{output}} == v", eventually: ${eventually}`)

  test('reads again until it holds, in growing pauses', async () => {
    const done = await run(`${write}${read('true')}`, { network: lagging(5) })
    expect(done.outcome).toBe('passed')
    expect(done.clock.slept).toEqual([50, 100, 200, 400, 500])
    expect(ends(done).at(-1)).toBe('get: passed, get on n-1 → "v" (try 6)')
  })

  test('or says what the last value was, after a last look at the end of its time', async () => {
    const done = await run(`${write}${read('{ within: 2, every: 0.75 }')}`, { network: lagging(100) })
    expect(done.clock.slept).toEqual([750, 750, 500])
    expect(done.failure?.code).toBe('assertion')
    expect(done.failure?.message).toMatch(
      /^it did not become true in 2\.00 s, checked 4 times\nthe last time: the reply is not as expected: .*\n.*\n {4}left: {2}null\n {4}right: "v"/,
    )
  })

  test('around a block polls all of its steps', async () => {
    const steps = `[{ name: read, ${CALL}, method: get, args: { key: a }, outputs: { got: result.output } }, { type: json_assert, statements: ['json_equal({{got}}, "v")'] }]`
    const done = await run(`${write}  - { type: block, eventually: 10, steps: ${steps} }\n`, { network: lagging(2) })
    expect(done.outcome).toBe('passed')
    expect(outcomesOf(done, 'read')).toHaveLength(3)
    expect(done.variables.get('got')).toBe('v')
  })

  test('is bounded where nothing is said', async () => {
    const done = await run(`${write}${read('true')}`, { network: lagging(1e6) })
    expect(done.clock.nowMs()).toBe(30_000)
  })
})

describe('include', () => {
  test('runs the steps of the other file in place, with its variables and defaults', async () => {
    const files = {
      'parts/write.yml': `vars: { value: none, key: b }\nsteps:\n${set('{{key}}', '{{value}}', ', outputs: { wrote: result.output }')}`,
    }
    const done = await run('  - { include: parts/write.yml, vars: { value: x } }\n', { files })
    expect(calls(done.network)).toEqual([{ key: 'b', value: 'x' }])
    expect(done.variables.has('wrote')).toBe(true)
    expect(done.variables.has('key')).toBe(false)
  })

  test('a failure in it has its place there', async () => {
    const files = {
      'parts/a.yml': '- { type: wait, seconds: 1 }\n- { name: wrong, type: assert, statements: ["1 == 2"] }\n',
    }
    const done = await run('  - include: parts/a.yml\n', { files })
    expect(done.failure).toMatchObject({
      place: { file: 'parts/a.yml', line: 2 },
      steps: ['include parts/a.yml', 'wrong'],
    })
  })
})
