import { Command } from 'commander'
import { expect, test } from 'vitest'
import { type DriverOptions, openDriver, withDriverOptions } from './driver-options.ts'

function parsed(...args: string[]): DriverOptions {
  const command = withDriverOptions(new Command('run'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  return command.parse(args, { from: 'user' }).opts()
}

test('sizes have units, and what is none is refused', () => {
  expect(parsed('--driver', 'docker', '--node-memory', '256m').nodeMemory).toBe(256 * 1024 ** 2)
  expect(parsed('--node-memory', '1.5g').nodeMemory).toBe(1.5 * 1024 ** 3)
  for (const size of ['much', '0', '12x', '']) expect(() => parsed('--node-memory', size)).toThrow('It must be a size')
  expect(() => parsed('--driver', 'swarm')).toThrow('Allowed choices are process, docker, merod')
})

test('what only containers have is refused where nodes run as processes', async () => {
  const edge = { cwd: '/', env: { CALBOX_CALNODE: import.meta.filename }, signal: new AbortController().signal }
  const open = (...args: string[]) => openDriver(parsed(...args), edge, () => {})
  await expect(open('--node-cpus', '0.5')).rejects.toThrow('--node-cpus is only of use with --driver docker')
  await expect(open('--image-as-written')).rejects.toThrow('--image-as-written is only of use with --driver docker')
  await expect(open('--kernel-faults')).rejects.toThrow('--kernel-faults is only of use with --driver docker')
  await expect(open('--driver', 'docker', '--swarm')).rejects.toThrow('services of Swarm are not there')
  expect((await open()).driver.kind).toBe('process')
})
