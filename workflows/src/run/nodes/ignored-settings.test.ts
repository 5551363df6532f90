import { expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import { stepSchemas } from '../../steps/registry.ts'
import { FixtureDriver } from '../../testing/fixture-driver.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { ignoredEnvironment, ignoredSettings } from './ignored-settings.ts'
import { stopGrace } from './stop-grace.ts'

function notes(settings: string): string[] {
  const text = `name: t\n${settings}\nsteps: []\n`
  const { plan, problems } = planWorkflow({ file: 't.yml', text, kinds: stepSchemas })
  if (plan === undefined) throw new Error(problems.map(({ message }) => message).join())
  return ignoredSettings(plan, new FixtureDriver(new FixtureNetwork()))
}

test('each setting that these nodes have no use for is named', () => {
  const settings = ['force_pull_image: true', 'auth_image: a', 'auth_use_cached: true', 'webui_use_cached: true']
  const ofMerod = ['log_level: trace', "rust_backtrace: '1'", 'binary_path: ./merod']
  const nodes = 'nodes: { one: { config_path: c.toml, use_image_entrypoint: true, network_admin: true } }'
  const said = notes([...settings, ...ofMerod, nodes].join('\n')).map((note) => note.split(' is not used')[0])
  expect(said).toEqual([
    'force_pull_image',
    'config_path',
    'use_image_entrypoint',
    'network_admin',
    'auth_image a',
    'auth_use_cached',
    'webui_use_cached',
    'binary_path ./merod',
    'log_level trace',
    'rust_backtrace 1',
  ])
  const plain = 'no_docker: true\nnodes: { one: { network_admin: false, use_image_entrypoint: false } }'
  expect(notes(plain)).toEqual([])
})

test('variables of merobox that nobody reads are named, those that mean something are not', () => {
  const env = { MEROBOX_LOG_LEVEL: 'debug', MEROBOX_CLUSTER_PEER_TIMEOUT: '9', MEROBOX_STOP_TIMEOUT: '3', PATH: '/bin' }
  expect(ignoredEnvironment(env)).toEqual([
    'MEROBOX_CLUSTER_PEER_TIMEOUT, MEROBOX_LOG_LEVEL: set in the environment, and without effect here',
  ])
  expect(ignoredEnvironment({ MEROBOX_API_KEY: 'k', MEROBOX_LOG_LEVEL: '' })).toEqual([])
})

test('a node is killed after the time to drain and the time to stop', () => {
  expect(stopGrace({})).toEqual({})
  expect(stopGrace({ MEROBOX_STOP_TIMEOUT: '120' })).toEqual({ graceMs: 120_000 })
  expect(stopGrace({ MEROBOX_DRAIN_TIMEOUT: '2', MEROBOX_STOP_TIMEOUT: '3' })).toEqual({ graceMs: 5_000 })
  expect(stopGrace({ MEROBOX_DRAIN_TIMEOUT: '2', MEROBOX_STOP_TIMEOUT: 'x' })).toEqual({ graceMs: 12_000 })
})
