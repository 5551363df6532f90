import { planWorkflow } from '@calbox/workflows/plan'
import { stepSchemas } from '@calbox/workflows/steps'
import { expect, test } from 'vitest'
import { fileText } from './file-text.ts'

const GOOD = 'name: t\nnodes: { count: 1 }\nsteps:\n  - { type: wait, seconds: 1, name: "né 𝄞 \ufffd" }\n'

function found(bytes: Uint8Array): string[] {
  const { problems } = planWorkflow({ file: 'f.yml', text: fileText(bytes), kinds: stepSchemas })
  return problems.map(({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`)
}

test('UTF-8 is read as it is, with a byte order mark or without', () => {
  expect(fileText(Buffer.from(GOOD))).toBe(GOOD)
  expect(found(Buffer.from(GOOD))).toEqual([])
  expect(found(Buffer.from(`\ufeff${GOOD}`))).toEqual([])
})

test('a byte that is not UTF-8 is refused with its place', () => {
  const at = Buffer.from(GOOD)
  const end = at.indexOf('"', at.indexOf('"') + 1)
  const latin1 = Buffer.concat([at.subarray(0, end), Buffer.from([0xe9]), at.subarray(end)])
  expect(found(latin1)).toEqual(['error 4:45 the byte 0xE9 here is not UTF-8'])
  expect(found(Buffer.from([0x6e, 0x80]))).toEqual(['error 1:2 the byte 0x80 here is not UTF-8'])
})

test('a NUL is refused with its place', () => {
  expect(found(Buffer.from(GOOD.replace('né', 'n\0')))).toEqual([
    'error 4:39 there is a NUL character here, which no text has',
  ])
})

test.for([
  ['with a byte order mark', Buffer.from(`\ufeff${GOOD}`, 'utf16le')],
  ['without one', Buffer.from(GOOD, 'utf16le')],
  ['big-endian, with a mark', Buffer.from(`\ufeff${GOOD}`, 'utf16le').swap16()],
  ['big-endian, without one', Buffer.from(GOOD, 'utf16le').swap16()],
] as const)('UTF-16 is called so: %s', ([, bytes]) => {
  expect(found(bytes)).toEqual(['error 1:1 the file is UTF-16; workflow files are UTF-8'])
})
