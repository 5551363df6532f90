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
  await expect(open('--swarm')).rejects.toThrow('--swarm is only of use with --driver docker')
  for (const more of [['--kernel-faults'], ['--node-address', '10.0.0.7']]) {
    await expect(open('--driver', 'docker', '--swarm', ...more)).rejects.toThrow(`${more[0]} is not`)
  }
  for (const more of [['--swarm-open'], ['--swarm-constraint', 'node.role==worker']]) {
    await expect(open('--driver', 'docker', ...more)).rejects.toThrow(`${more[0]} is only of use with --swarm`)
  }
  const swarm = parsed('--driver', 'docker', '--swarm', '--swarm-constraint', 'a==b', '--swarm-constraint', 'c==d')
  expect(swarm.swarmConstraint).toEqual(['a==b', 'c==d'])
  expect((await openDriver(swarm, edge, () => {})).driver.kind).toBe('swarm')
  expect((await open()).driver.kind).toBe('process')
})
