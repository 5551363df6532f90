import { expect, test } from 'vitest'
import { collectReports, planReports } from './report-options.ts'

const plan = (text: string, env: Record<string, string> = {}) =>
  planReports(text === '' ? [] : collectReports(text), env)

test('without anything the console, and GitHub where it runs the command', () => {
  expect(plan('')).toEqual({ console: '-', github: false, githubAsked: false, files: [] })
  expect(plan('', { GITHUB_ACTIONS: 'true' })).toMatchObject({ github: true, githubAsked: false })
  expect(plan('github=off', { GITHUB_ACTIONS: 'true' }).github).toBe(false)
  expect(plan('github')).toMatchObject({ console: '-', github: true, githubAsked: true })
})

test('several reports, with commas or one after the other', () => {
  const files = [
    { format: 'junit', target: 'out/j.xml' },
    { format: 'json', target: '-' },
  ]
  expect(plan('junit=out/j.xml, json=-')).toMatchObject({ console: '-', files })
  expect(planReports(collectReports('json=-', collectReports('junit=out/j.xml')), {}).files).toEqual(files)
  expect(plan('console=off').console).toBeUndefined()
  expect(plan('console=run.txt').console).toBe('run.txt')
})

test.each([
  ['junit', 'it needs a file, as in junit=junit.xml'],
  ['json=', 'it needs a file'],
  ['html=x', 'there is no such report'],
  ['github=x', 'github has no file'],
  ['json=-,junit=-', 'cannot go to the standard output'],
  ['json=a,junit=a', 'cannot go to a'],
  ['console=-,json=-', 'cannot go to the standard output'],
])('%s is refused: %s', (text, message) => {
  expect(() => plan(text)).toThrow(message)
})
