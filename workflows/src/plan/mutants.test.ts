// One mistake in a workflow that was good: each is found, where it is.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { seededRandom } from '../steps/control/seeded-random.ts'
import { stepSchemas } from '../steps/registry.ts'
import { planWorkflow } from './plan.ts'
import type { Problem } from './problem.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const FILES = globSync('{workflows/examples,apps/*}/*.yml', { cwd: ROOT }).toSorted()

interface Mistake {
  /** Lines it can be made in. */
  readonly line: RegExp
  /** The line with the mistake; undefined: the line is gone. */
  readonly make: (line: string) => string | undefined
  /** How far from the line it may be reported. */
  readonly near: number
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  'a key that is misspelt': {
    line: /^ +(?:- )?(?:type|node|method|seconds|outputs|context_id|application_id|statements): /,
    make: (line) => line.replace(/([a-z_]{2})([a-z])([a-z_]*):/, '$1$3:'),
    near: 1,
  },
  'a value of another type': {
    line: /^ +(?:seconds|timeout|dev|context_id|method): ?\S/,
    make: (line) => line.replace(/: .*/, ': [1]'),
    near: 0,
  },
  'a field that is missing': {
    line: /^ +(?:context_id|method|application_id|invitation): \S/,
    make: () => undefined,
    near: 12,
  },
  'a node that does not exist': {
    line: /^ +node: \S/,
    make: (line) => line.replace(/node: .*/, 'node: nobody'),
    near: 0,
  },
  'a variable that nobody sets': {
    line: /\{\{\w+\}\}/,
    make: (line) => line.replace(/\{\{(\w+)\}\}/, '{{$1_}}'),
    near: 0,
  },
  'an indentation of another depth': {
    line: /^ {4,}(?:node|method|context_id|application_id): /,
    make: (line) => ` ${line}`,
    near: 1,
  },
}

function problemsOf(file: string, text: string): readonly Problem[] {
  return planWorkflow({ file, text, kinds: stepSchemas }).problems.filter(({ severity }) => severity !== 'note')
}

test.each(Object.entries(MISTAKES))(
  '%s is found where it is, in every workflow of ours',
  (name, { line, make, near }) => {
    const random = seededRandom(name)
    let made = 0
    for (const file of FILES) {
      const text = readFileSync(path.join(ROOT, file), 'utf8')
      const lines = text.split('\n')
      const known = new Set(problemsOf(file, text).map(({ message }) => message))
      const places = [...lines.keys()].filter((at) => line.test(lines[at] ?? ''))
      if (places.length === 0) continue
      made += 1
      const at = random.pick(places)
      const mutant = lines.flatMap((each, index) => (index === at ? (make(each) ?? []) : each)).join('\n')
      const found = problemsOf(file, mutant).filter(({ message }) => !known.has(message))
      const there = found.filter((problem) => Math.abs(problem.line - 1 - at) <= near)
      expect([`${file}:${at + 1} ${lines[at]?.trim()}`, there.length > 0]).toEqual([expect.any(String), true])
    }
    expect(made).toBeGreaterThan(0)
  },
)
