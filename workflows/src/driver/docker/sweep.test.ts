import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { selfIdentity } from '../process/process-identity.ts'
import { NodeState } from '../state/node-state.ts'
import { EngineClient } from './engine/engine-client.ts'
import { volumeName } from './far/far-engine.ts'
import { LABEL_FOLDER, LABEL_OWNER, ownLabels } from './labels.ts'
import { sweepContainers } from './sweep.ts'
import { fakeEngine } from './testing/fake-engine.ts'

let stateDir: string

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'calbox-sweep-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }))
})

/** Which of these containers, all on no record and with the path of this folder, are removed. */
async function swept(containers: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<string[]> {
  const list = Object.entries(containers).map(([Id, Labels]) => ({ Id, Names: [`/${Id}`], Labels }))
  const { address, asked } = await fakeEngine((what) =>
    what === 'GET /containers/json' ? { body: list } : { body: [] },
  )
  const names = await sweepContainers(await EngineClient.connect(await address), new NodeState(stateDir), stateDir)
  expect(asked.filter((each) => each.startsWith('DELETE')).sort()).toEqual(
    names.map((name) => `DELETE /containers/${name}`),
  )
  return names
}

test('what a calbox of this folder that is gone has left is removed; what another one has made stays', async () => {
  const self = { ...selfIdentity(), driverId: 'd' }
  const gone = ownLabels(stateDir, { ...self, startId: 'earlier' }, 'r')
  const { [LABEL_FOLDER]: _, ...old } = gone
  const found = await swept({
    stray: gone,
    used: ownLabels(stateDir, self, 'r'),
    // The same folder, shared with another machine or container: nobody here sees who made it.
    shared: ownLabels(stateDir, { ...self, startId: 'earlier', space: 'elsewhere/boot/pid1' }, 'r'),
    // Another folder, of the same path, on another machine.
    alike: { ...gone, [LABEL_FOLDER]: 'another' },
    old: { ...old, [LABEL_OWNER]: '1 earlier' },
  })
  expect(found).toEqual(['stray'])
})

test('folders of one path on two machines have volumes of their own', () => {
  const here = volumeName(stateDir, 'n1')
  expect(volumeName(stateDir, 'n1')).toBe(here)
  rmSync(join(stateDir, 'id'))
  expect(volumeName(stateDir, 'n1')).not.toBe(here)
})
