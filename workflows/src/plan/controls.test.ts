import { describe, expect, test } from 'vitest'
import { stepSchemas } from '../steps/registry.ts'
import { lines, withSteps } from './sample-plan.ts'

const real = { kinds: stepSchemas }
const READ = 'type: call, node: calimero-node-1, context_id: c, method: get'

describe('keys of every step', () => {
  test('are read into one form', () => {
    const step = `{${READ}, if: "{{go}} == yes", for_each: [1, 2], retry: 3, timeout: 2.5, vars: {v: 1}, after: sync, expect: "{{output}} == 1"}`
    const result = withSteps(`  - {type: wait, seconds: 1, vars: {go: a}}\n  - ${step}\n`, real)
    expect(lines(result)).toEqual([
      '6:73 warning no step before this one sets the variable "go" | outputs: of a step before it sets variables: { go: … }',
    ])
    expect(result.plan?.steps[0]?.controls).toEqual({ vars: { go: 'a' } })
    expect(result.plan?.steps[1]?.controls).toEqual({
      if: ['{{go}} == yes'],
      forEach: { as: 'item', in: [1, 2] },
      retry: { attempts: 3, delaySec: 1, backoff: 1 },
      timeoutSec: 2.5,
      vars: { v: 1 },
      after: {},
      expect: '{{output}} == 1',
    })
  })

  test('have longer forms', () => {
    const step = `{${READ}, if: [is_set(a), is_set(b)], for_each: {as: n, in: "{{list}}"}, retry: {attempts: 5, delay: 0, backoff: 2}, after: {sync: 5}, expect: {result.output: null}}`
    const polling = `{${READ}, eventually: {within: 5, every: 1}}`
    const more = [`{${READ}, eventually: true}`, `{${READ}, eventually: 7}`, `{${READ}, eventually: false, if: false}`]
    const result = withSteps(`${[step, polling, ...more].map((each) => `  - ${each}\n`).join('')}`, real)
    expect(result.plan?.steps.map(({ controls }) => controls)).toEqual([
      {
        if: ['is_set(a)', 'is_set(b)'],
        forEach: { as: 'n', in: '{{list}}' },
        retry: { attempts: 5, delaySec: 0, backoff: 2 },
        after: { syncSec: 5 },
        expect: { 'result.output': null },
      },
      { eventually: { withinSec: 5, everySec: 1 } },
      { eventually: {} },
      { eventually: { withinSec: 7 } },
      { if: false },
    ])
  })

  test('times may have a unit, wherever one is given', () => {
    const sync = '{type: wait_for_sync, nodes: [calimero-node-1, calimero-node-2], context_id: c, timeout: 2m}'
    const steps = [
      `{${READ}, retry: {attempts: 5, delay: 250ms}, timeout: 1.5m, after: {sync: 5s}}`,
      `{${READ}, eventually: {within: 30s, every: 500 ms}}`,
      `{${READ}, eventually: 90s}`,
    ]
    const result = withSteps([...steps, sync].map((each) => `  - ${each}\n`).join(''), real)
    expect(lines(result)).toEqual([])
    expect(result.plan?.steps.map(({ controls }) => controls)).toEqual([
      { retry: { attempts: 5, delaySec: 0.25, backoff: 1 }, timeoutSec: 90, after: { syncSec: 5 } },
      { eventually: { withinSec: 30, everySec: 0.5 } },
      { eventually: { withinSec: 90 } },
      undefined,
    ])
  })

  test('an expected failure that has no effect is a warning', () => {
    const wait = (value: string) => lines(withSteps(`  - {type: wait, seconds: 1, expected_failure: ${value}}\n`, real))
    const ignored = '"expected_failure" has no effect on wait: a failure fails the run, and a success passes'
    expect(wait('true')).toEqual([`5:30 warning ${ignored} | delete this field`])
    expect(wait('false')).toEqual([])
    const call = 'type: call, node: calimero-node-1, context_id: c, method: m, expected_failure: true'
    expect(lines(withSteps(`  - {${call}}\n`, real))).toEqual([])
  })

  test('a step without them has none in the plan', () => {
    expect(withSteps('  - {type: wait, seconds: 1}\n', real).plan?.steps[0]).not.toHaveProperty('controls')
  })

  test('a field that a kind has itself keeps its meaning', () => {
    const sync = 'type: wait_for_sync, nodes: [calimero-node-1, calimero-node-2], context_id: c'
    const result = withSteps(`  - {${sync}, timeout: 60, expect: {method: get, equals: 1}}\n`, real)
    expect(lines(result)).toEqual([])
    expect(result.plan?.steps[0]?.input).toMatchObject({ timeout: 60, expect: { method: 'get' } })
    expect(result.plan?.steps[0]).not.toHaveProperty('controls')
    expect(lines(withSteps(`  - {${sync}, timeout: 0.5}\n`, real))[0]).toContain('"timeout" must be a whole number')
  })

  test.each([
    ['retry: 0', '"retry" must be at least 1, not 0'],
    ['retry: 5000', '"retry" must be at most 1000'],
    ['retry: {delay: 1}', 'the field "attempts" is missing'],
    ['retry: {attempts: 2, dealy: 1}', 'unknown field "dealy" | did you mean "delay"?'],
    ['retry: "{{n}}"', '"retry" must be a whole number'],
    ['timeout: 0', '"timeout" must be greater than 0'],
    ['timeout: soon', '"timeout" must be like 500ms or 5s or 2m, not the text "soon"'],
    ['timeout: "{{t}}"', 'a placeholder cannot stand here'],
    ['timeout: [1]', '"timeout" must be a number or a text, not a list | write timeout: 1 (How long'],
    ['timeout: 0s', '"timeout" must be like 500ms or 5s or 2m'],
    ['timeout: 10081m', '"timeout" must be at most 604800 s, not 10081m'],
    ['retry: {attempts: 2, delay: 10081m}', '"delay" must be at most 604800 s'],
    ['eventually: 604801s', '"eventually" must be at most 604800 s'],
    ['eventually: {within: 10081m}', '"within" must be at most 604800 s'],
    ['eventually: {within: 5h}', '"within" must be like 500ms or 5s or 2m, not the text "5h"'],
    ['after: {sync: 10081m}', '"sync" must be at most 604800 s'],
    ['timeout: 1e9', '"timeout" must be at most 604800'],
    ['eventually: 0', '"eventually" must be greater than 0'],
    ['eventually: {for: 3}', 'unknown field "for"'],
    ['eventually: 5, retry: 2', '"eventually" and "retry" both run the step again | keep one of them'],
    ['if: "{{a}}==b"', 'this statement can never be true: not a statement of assert'],
    ['if: [is_set(a), nonsense]', 'this statement can never be true'],
    ['if: 5', '"if" must be true or false or a text or a list, not 5'],
    ['for_each: "{{a}}-{{b}}"', '"for_each" needs a list | write a list, or the placeholder of one'],
    ['for_each: {in: [1], as: context}', '"context" cannot be the name of an entry'],
    ['for_each: {in: [1], as: "a b"}', '"as" must match'],
    ['for_each: {as: x}', 'the field "in" is missing'],
    ['expect: []', '"expect" must have at least 1 entry'],
    ['expect: {}', '"expect" must have at least 1 entry'],
    ['expect: "{{output}}"', 'this is a value, not a statement | write is_set({{output}}), or compare it'],
    ['expect: ["json_equal({{output}})"]', 'this statement can never be true'],
    ['expect: [{statement: "x", massage: y}]', 'unknown field "massage" | did you mean "message"?'],
    ['after: snyc', '"after" must be'],
    ['after: {sync: 0}', '"sync" must be greater than 0'],
    ['vars: [a]', '"vars" must be a map'],
    ['vars: {"a}": 1}', 'cannot be the name of a variable'],
    ['retyr: 3', 'unknown field "retyr" in a step of kind "call" | did you mean "retry"?'],
    ['for_eac: 3', 'did you mean "for_each"?'],
  ])('%s: %s', (key, message) => {
    const result = withSteps(`  - {${READ}, ${key}}\n`, real)
    expect(lines(result).join('\n')).toContain(message)
    expect(result.plan).toBeUndefined()
    expect(result.problems[0]?.line).toBe(5)
  })

  test('all problems of a step are named, each at its place', () => {
    const result = withSteps(
      `  - type: wait\n    seconds: x\n    retry: 0\n    expect: "1 == 1"\n    after: sync\n    if: nonsense\n`,
      real,
    )
    expect(result.problems.map(({ line, column }) => `${line}:${column}`)).toEqual([
      '6:14',
      '7:12',
      '8:13',
      '9:12',
      '10:9',
    ])
  })

  test('nodes that for_each names are nodes of the file', () => {
    const step = (list: string) => `  - {type: call, for_each: ${list}, node: "{{n}}", context_id: c, method: m}\n`
    const typo = withSteps(step('{as: n, in: [calimero-node-1, calimero-nod-2]}'), real)
    expect(lines(typo)).toEqual(['5:58 error unknown node "calimero-nod-2" | did you mean "calimero-node-2"?'])
    expect(lines(withSteps(step('{as: n, in: ["{{x}}", 5]}'), real))).toEqual([expect.stringContaining('"x"')])
  })

  test('a list that is too long is refused', () => {
    const list = Array.from({ length: 10_001 }, (_, at) => at).join(', ')
    expect(lines(withSteps(`  - {${READ}, for_each: [${list}]}\n`, real)).join()).toContain('at most 10000 are run')
  })

  test('statements that only read variables do not change by waiting', () => {
    const result = withSteps('  - {type: assert, statements: ["1 == 1"], eventually: 3}\n', real)
    expect(lines(result)).toEqual([
      '5:56 warning "assert" reads variables, which do not change while it waits | put "eventually" on the step that reads, with "expect", or on a block of both steps',
    ])
    expect(result.plan).toBeDefined()
  })
})

describe('variables', () => {
  const problems = (steps: string) => lines(withSteps(steps, real))

  test('of for_each and vars are known in their step, and not after it', () => {
    const each = 'for_each: [{a: 1}], vars: {v: 1}, args: {x: "{{item}}{{item.a}}{{v}} {{iteration}}."}'
    expect(problems(`  - {${READ}, ${each}}\n`)).toEqual([])
    expect(problems(`  - {${READ}, ${each}}\n  - {${READ}, args: {x: "{{item}} {{v}}."}}\n`)).toEqual([
      expect.stringContaining('no step before this one sets the variable "item"'),
      expect.stringContaining('no step before this one sets the variable "v"'),
    ])
  })

  test('that a step captures are known in what it expects, with its reply', () => {
    const capture = 'outputs: {got: result.output}, expect: ["{{got}} == 1", "{{output}} == {{reply}}"]'
    expect(problems(`  - {${READ}, ${capture}}\n`)).toEqual([])
    expect(problems(`  - {${READ}, outputs: {got: result.output}, args: {x: "{{got}}"}}\n`)[0]).toContain('"got"')
  })

  test('of a block leave it', () => {
    const block = `  - type: block\n    vars: {inner: 1}\n    steps:\n      - {${READ}, outputs: {got: result.output}, args: {x: "{{inner}}"}}\n`
    expect(problems(`${block}  - {${READ}, args: {x: "{{got}}"}}\n`)).toEqual([])
    expect(problems(`${block}  - {${READ}, args: {x: "{{inner}}"}}\n`)[0]).toContain('"inner"')
  })
})
