import { expect, test } from 'vitest'
import type { CommandEdge } from '../command-edge.ts'
import { runSteps } from './steps.ts'

const silent = { write: () => undefined }
const edge: CommandEdge = {
  cwd: '/',
  stdout: silent,
  stderr: silent,
  stdin: process.stdin,
  signal: new AbortController().signal,
  env: {},
}

test('fields of the maps in a list are listed below it', async () => {
  const written: string[] = []
  await runSteps('parallel', { ...edge, stdout: { write: (part: string) => written.push(part) } })
  const fields = written
    .join('')
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/)[0])
  expect(fields).toEqual(expect.arrayContaining(['groups', '- name', '- steps', '- count', 'mode']))
})

test('a name that is nearly that of a kind is answered with it', async () => {
  await expect(runSteps('cal', edge)).rejects.toMatchObject({
    exitCode: 2,
    message: 'there is no step kind cal; did you mean "call"?',
  })
  await expect(runSteps('nope', edge)).rejects.toThrow('there is no step kind nope; `calbox steps` lists them')
})
