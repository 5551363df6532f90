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

test('a name that is nearly that of a kind is answered with it', async () => {
  await expect(runSteps('cal', edge)).rejects.toMatchObject({
    exitCode: 2,
    message: 'there is no step kind cal; did you mean "call"?',
  })
  await expect(runSteps('nope', edge)).rejects.toThrow('there is no step kind nope; `calbox steps` lists them')
})
