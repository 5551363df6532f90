import { expect, test } from 'vitest'
import { compareVersions, versionsOf } from './versions.ts'

test('versions are ordered as semantic versions, and what is none comes first of all', () => {
  const ordered = ['', 'latest', '0.9.9', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-rc.2']
  const all = [...ordered, '1.0.0-rc.10', '1.0.0', '1.2', 'v1.10.0', '10.0.0']
  expect(all.toReversed().sort(compareVersions)).toEqual(all)
  expect(compareVersions('1.0.0', '1.0.0')).toBe(0)
})

test('of one package only its own, the newest first', () => {
  const rows = [
    { package: 'a', version: '1.0.0' },
    { package: 'b', version: '9.0.0' },
    { package: 'a', version: '2.0.0' },
    { package: undefined, version: undefined },
  ]
  expect(versionsOf(rows, 'a').map(({ version }) => version)).toEqual(['2.0.0', '1.0.0'])
  expect(versionsOf(rows, undefined)).toHaveLength(1)
})
