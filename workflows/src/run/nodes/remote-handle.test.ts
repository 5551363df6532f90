import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runStepAlone } from '../../operate/run-step-alone.ts'
import { RemoteHandle } from './remote-handle.ts'

const handle = (url: string) =>
  new RemoteHandle({ name: 'far', url, auth: { method: 'none' }, position: { line: 1, column: 1 } })
const installing = (url: string) => {
  const input = { path: path.basename(import.meta.filename), dev: true }
  const alone = { kind: 'install_application', input, node: handle(url), cwd: import.meta.dirname, env: {} }
  return runStepAlone(alone, { signal: new AbortController().signal })
}

test('a remote node of this machine installs files of it', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => asked.push(text))
    request.on('end', () => response.end(JSON.stringify({ data: { applicationId: 'app' } })))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  await installing(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(asked.map((text) => JSON.parse(text).path)).toEqual([import.meta.filename])
})

test('one that runs elsewhere is asked for nothing, and the failure says what to do', async () => {
  await expect(installing('http://192.0.2.1:2428')).rejects.toMatchObject({
    code: 'unsupported',
    message: 'node far (http://192.0.2.1:2428) runs elsewhere and cannot read files of this machine',
    help: 'give a url that the node can reach, or install the file where it runs',
  })
})
