// What reads bytes or texts from outside has a target: a new decoder without one fails here.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { BESIDE } from './beside.ts'
import { branchesOf } from './branches.ts'
import { DECODER_FILES } from './decoder-files.ts'
import { targetsWith } from './targets.ts'

const SOURCES = path.resolve(import.meta.dirname, '../src')
const NOT_OURS =
  /\.test\.ts$|\.fixture\.ts$|-fixture\.ts$|-contract\.ts$|contract-waits\.ts$|(^|\/)(testing|assembly|properties)\//
const DECODER =
  /^(decode|parse|read|open[A-Z]|from[A-Z]|check[A-Z]\w*(Structure|Module|Mode)|\w+From(Json|Bytes)$|(codePoints|value|peer)In$)/
const EXPORTED = /^export (?:async )?(?:function\*?|const|class) (\w+)/gm
const STATIC = /^ {2}static (?:async )?(decode|parse|read|from)\b/m

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !NOT_OURS.test(file))
  .sort()

/** Names that say so, messages of the wire, and classes that read themselves. */
function decodersIn(file: string): string[] {
  const source = readFileSync(path.join(SOURCES, file), 'utf8')
  const names = [...source.matchAll(EXPORTED)].map(([, name]) => name ?? '')
  const isMessage = (name: string) => file.startsWith('wire/') && name.endsWith('Message')
  const found = names.filter((name) => DECODER.test(name) || isMessage(name) || /(Reader|Decoder)$/.test(name))
  if (STATIC.test(source)) found.push(...names.filter((name) => /^[A-Z]/.test(name)).slice(0, 1))
  return [...new Set(found)].map((name) => `${file}#${name}`)
}

const all = files.flatMap(decodersIn)
const fed = new Set(targetsWith({}).flatMap(({ decoders }) => decoders))

test('every decoder has a target, or a reason to have none', () => {
  expect(all.filter((decoder) => !fed.has(decoder) && BESIDE[decoder] === undefined)).toEqual([])
})

test('what has a reason to have no target is there, and has none', () => {
  expect(Object.keys(BESIDE).filter((decoder) => !all.includes(decoder) || fed.has(decoder))).toEqual([])
})

test('what targets name is exported', () => {
  const missing = [...fed].filter((decoder) => {
    const [file = '', name = ''] = decoder.split('#')
    const source = files.includes(file) ? readFileSync(path.join(SOURCES, file), 'utf8') : ''
    return ![...source.matchAll(EXPORTED)].some(([, exported]) => exported === name)
  })
  expect(missing).toEqual([])
})

test('every file that a target feeds counts for the branches', () => {
  const files = [...fed].map((decoder) => decoder.split('#')[0] ?? '')
  expect([...new Set(files)].filter((file) => DECODER_FILES[file] === undefined)).toEqual([])
})

test('what is left out of the branches of a file is a function in it', () => {
  const left = Object.entries(DECODER_FILES).flatMap(([file, { except = [], loaded = [] }]) => {
    const branches = branchesOf(file, readFileSync(path.join(SOURCES, file), 'utf8'), {})
    const names = new Set(branches.map(({ owner }) => owner.name))
    return [...except, ...loaded].filter((name) => !names.has(name)).map((name) => `${file}#${name}`)
  })
  expect(left).toEqual([])
})
