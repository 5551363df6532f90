import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readPlainYaml } from './plain-yaml.ts'
import { readAnyYaml } from './yaml-source.ts'

const FILES = globSync('{workflows/examples/*,apps/*/workflow,cli/templates/*}.yml')
const TEXTS = FILES.map((file) => readFileSync(file, 'utf8'))

/** What turns a plain file into one that is not, or into another plain one. */
const PIECES = [
  ...['\n', '\n\n', '\n  ', '\n    ', ' ', '  ', ':', ': ', '- ', '-', '#', ' #', '"', "'", "''", '\\', '{', '}', '['],
  ...[']', ', ', ',', '|\n', '>-\n', '&a', '*a', '!', '%', '? ', '@', '---\n', '~', 'on', '1:30', '<<', '.', '\t'],
]

/** Mulberry32: the same numbers on every run. */
function drawing(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** A dozen lines of a file with a few edits anywhere. */
function edited(draw: (below: number) => number): string {
  const lines = (TEXTS[draw(TEXTS.length)] ?? '').split('\n')
  const from = draw(2) * draw(Math.max(1, lines.length - 12))
  let text = `${lines.slice(from, from + 12).join('\n')}${draw(3) === 0 ? '' : '\n'}`
  for (let edits = draw(4); edits >= 0; edits -= 1) {
    const at = draw(text.length)
    const piece = draw(5) === 0 ? '' : (PIECES[draw(PIECES.length)] ?? '')
    text = `${text.slice(0, at)}${piece}${text.slice(at + draw(3))}`
  }
  return text
}

describe('the plain form of a file', () => {
  test('all shipped workflows have it, and are read as the full parser reads them', () => {
    expect(FILES.length).toBeGreaterThan(5)
    for (const text of TEXTS) {
      const { root, problems } = readAnyYaml('file.yml', text)
      expect(readPlainYaml(text)).toEqual(root)
      expect(problems.problems()).toEqual([])
    }
  })

  test('whatever is edited is either read as the full parser reads it, or left to it', () => {
    const draw = drawing(20)
    let taken = 0
    for (let round = 0; round < 400; round += 1) {
      const text = edited(draw)
      const plain = readPlainYaml(text)
      if (plain === undefined) continue
      taken += 1
      const { root, problems } = readAnyYaml('file.yml', text)
      expect({ text, root: plain, problems: [] }).toEqual({ text, root, problems: problems.problems() })
    }
    expect(taken).toBeGreaterThan(40)
  })

  test.each([
    ['a tab', 'a:\tb\n'],
    ['line ends of Windows', 'a: b\r\n'],
    ['a key twice', 'a: 1\na: 2\n'],
    ['an anchor', 'a: &x 1\n'],
    ['a merge key', '<<: *x\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a text of several lines', 'a: b\n  c\n'],
    ['a second document', 'a: b\n---\nc: d\n'],
    ['a placeholder without quotes', 'a: {{b}}\n'],
    ['a pair in a list', '[a: b]\n'],
    ['an unclosed quote', 'a: "b\n'],
    ['a key below a value', 'a: b\n  c: d\n'],
    ['a value that goes on with a colon', 'a: b: c\n'],
    ['nothing', ''],
  ])('%s is left to the full parser', (_, text) => {
    expect(readPlainYaml(text)).toBeUndefined()
  })
})
