import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { engineAddress, isLocal } from './engine-address.ts'

function dockerConfig(contexts: Readonly<Record<string, string>>, current?: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'calbox-context-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ currentContext: current }))
  for (const [name, host] of Object.entries(contexts)) {
    const folder = join(dir, 'contexts/meta', createHash('sha256').update(name).digest('hex'))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }))
  }
  return dir
}

test('the context of the command line wins over DOCKER_HOST, and that over the current context', () => {
  const DOCKER_CONFIG = dockerConfig({ far: 'tcp://far:2375', near: 'unix:///near.sock' }, 'near')
  expect(engineAddress({ env: { DOCKER_CONFIG } })).toEqual({ url: 'unix:///near.sock' })
  const env = { DOCKER_CONFIG, DOCKER_HOST: 'unix:///host.sock' }
  expect(engineAddress({ env })).toEqual({ url: 'unix:///host.sock' })
  expect(engineAddress({ env, context: 'far' })).toEqual({ url: 'tcp://far:2375' })
  expect(engineAddress({ env: { DOCKER_CONFIG, DOCKER_CONTEXT: 'far' } })).toEqual({ url: 'tcp://far:2375' })
})

test('without any, the socket of Docker is meant, and podman says where its own is', () => {
  const DOCKER_CONFIG = dockerConfig({})
  expect(engineAddress({ env: { DOCKER_CONFIG } }).url).toMatch(/^unix:\/\/.*\.sock$/)
  expect(engineAddress({ env: { DOCKER_CONFIG, CONTAINER_HOST: 'unix:///run/podman.sock' } }).url).toBe(
    'unix:///run/podman.sock',
  )
})

test('with DOCKER_TLS_VERIFY the certificates are part of the address', () => {
  const env = { DOCKER_HOST: 'tcp://far:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' }
  expect(engineAddress({ env })).toEqual({ url: 'tcp://far:2376', certificates: '/certs' })
  expect(
    ['unix:///d.sock', 'tcp://127.0.0.1:2375', 'tcp://localhost:2375'].map((url) => isLocal({ url })),
  ).not.toContain(false)
  expect(isLocal({ url: 'tcp://far:2376' })).toBe(false)
})

test('an unknown context and a way that there is not are errors that say what to do', () => {
  expect(() => engineAddress({ env: { DOCKER_CONFIG: dockerConfig({}) }, context: 'nope' })).toThrow(
    'docker context ls',
  )
  expect(() => engineAddress({ env: { DOCKER_HOST: 'ssh://far' } })).toThrow('on that machine')
})
