import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { farEngine, removeVolumes, VOLUMES_FILE } from './far-engine.ts'

test('an address that stands for all of a machine, or for many, is none to publish on, however it is written', async () => {
  const none = ['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0', '::ffff:0:0', '::%eth0', '0.0.0.1']
  const url = 'tcp://10.0.0.7:2375'
  for (const address of [...none, '224.0.0.1', '::ffff:224.0.0.1', 'ff02::1', '255.255.255.255', 'host']) {
    expect(() => farEngine({ url }, address), address).toThrow(/is no address where nodes can be reached/)
  }
  for (const address of ['10.0.0.7', '127.0.0.1', 'fd00::7', '::1', '::ffff:10.0.0.7']) {
    expect(await farEngine({ url }, address)).toEqual({ publishOn: address, isAsked: true })
  }
})

test('an engine that is named so is refused, and another is where its address is', async () => {
  for (const host of ['0.0.0.0', '[::]', '[::ffff:0.0.0.0]']) {
    await expect(farEngine({ url: `tcp://${host}:2375` }, undefined)).rejects.toThrow(/give --node-address/)
  }
  expect(await farEngine({ url: 'tcp://192.0.2.7:2375' }, undefined)).toEqual({
    publishOn: '192.0.2.7',
    isAsked: false,
  })
})

test('a list of volumes that was cut off keeps no data from being removed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'calbox-volumes-'))
  writeFileSync(join(folder, VOLUMES_FILE), '[{"engine": {"url": "tcp://192.0')
  await expect(removeVolumes(folder, {})).resolves.toBeUndefined()
  rmSync(folder, { recursive: true })
})
