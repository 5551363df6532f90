import { describe, expect, test } from 'vitest'
import { pythonRepr } from '../../values/python/python-text.ts'
import { toValue } from './source-node.ts'
import { plainScalar } from './yaml-scalar.ts'
import { readYaml } from './yaml-source.ts'

describe('an unquoted YAML scalar', () => {
  test.each([
    ['', 'None'],
    ['~', 'None'],
    ['Null', 'None'],
    ['yes', 'True'],
    ['Off', 'False'],
    ['y', "'y'"],
    ['n', "'n'"],
    ['1e3', "'1e3'"],
    ['1.e+3', '1000.0'],
    ['1.5e3', "'1.5e3'"],
    ['1.0', '1.0'],
    ['.5', '0.5'],
    ['-.5', "'-.5'"],
    ['010', '8'],
    ['08', "'08'"],
    ['0o7', "'0o7'"],
    ['0x1F', '31'],
    ['-0b11', '-3'],
    ['1_000', '1000'],
    ['1:30', '90'],
    ['190:20:30', '685230'],
    ['1:30.5', '90.5'],
    ['1:60', "'1:60'"],
    ['-0', '0'],
    ['-.inf', '-inf'],
    ['.NaN', 'nan'],
    ['18446744073709551615', '18446744073709551615'],
    ['2024-01-01', "'2024-01-01'"],
    ['2.0.0', "'2.0.0'"],
    ['-', "'-'"],
  ])('%j is %s', (text, value) => {
    expect(pythonRepr(plainScalar(text))).toBe(value)
  })
})

describe('YAML', () => {
  test.each([
    ['x: &a {p: 1}\ny: {<<: *a, q: 2, p: 3}\nz: *a', "{'x': {'p': 1}, 'y': {'p': 3, 'q': 2}, 'z': {'p': 1}}"],
    ['<<: [{a: 1}, {a: 2, b: 3}]\nc: 4', "{'a': 1, 'b': 3, 'c': 4}"],
    ["a: !!str 5\nb: !!int '7'\nc: !!float 1\nd: '5'", "{'a': '5', 'b': 7, 'c': 1.0, 'd': '5'}"],
    ['a: |\n  x\n  y\nb: >\n  p\n  q\n', "{'a': 'x\\ny\\n', 'b': 'p q\\n'}"],
    ['{a: , b: }', "{'a': None, 'b': None}"],
    ['on: 1\n10: b\n2: c', "{'on': 1, '10': 'b', '2': 'c'}"],
    ['a: b#c # d', "{'a': 'b#c'}"],
    ['"\\x41\\n": 1', "{'A\\n': 1}"],
    ['%YAML 1.1\n---\na: 1', "{'a': 1}"],
  ])('%j', (text, value) => {
    const { root, problems } = readYaml('f', text)
    expect(problems.problems()).toEqual([])
    expect(root && pythonRepr(toValue(root))).toBe(value)
  })

  test('places survive wide signs and Windows line ends', () => {
    const { problems } = readYaml('f', '"é😀": 1\r\na: !x 1\r\n')
    expect(problems.problems()).toMatchObject([{ line: 2, column: 7, length: 1 }])
  })
})
