// The workflows that come with calbox are free of what it warns of.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { SeenText } from '../plan/read/included-files.ts'
import { isAtLeast, lintWorkflow } from './lint.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const files = globSync(['workflows/examples/*.yml', 'apps/*/*.yml', 'cli/templates/*.yml'], { cwd: ROOT }).sort()

test.each(files)('%s', (file) => {
  const readIncluded = (name: string): SeenText => ({ kind: 'text', text: readFileSync(path.join(ROOT, name), 'utf8') })
  const { problems, findings } = lintWorkflow({ file, text: readFileSync(path.join(ROOT, file), 'utf8'), readIncluded })
  expect(problems).toEqual([])
  const warned = findings.filter(({ severity }) => isAtLeast(severity, 'warning'))
  expect(warned.map(({ line, rule, message }) => `${line} ${rule} ${message}`)).toEqual([])
})
