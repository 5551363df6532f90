// Which engines nodes of this working directory have run in: `down` and `nuke` look there for what nobody has on record. A
// folder that never had containers asks no engine.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../state/make-folder.ts'
import type { NodeState } from '../state/node-state.ts'
import type { EngineAddress } from './engine/engine-address.ts'
import { EngineClient } from './engine/engine-client.ts'
import { textField } from './engine/engine-reply.ts'
import { sweepContainers } from './sweep.ts'

export async function rememberEngine(stateDir: string, address: EngineAddress): Promise<void> {
  const folder = join(stateDir, 'engines')
  await makeFolder(folder)
  await writeFile(join(folder, `${encodeURIComponent(address.url)}.json`), `${JSON.stringify(address)}\n`)
}

/** Removes containers that are on no record, and whose calbox is gone, and empty networks. Returns their names. */
export async function sweepUsedEngines(
  state: NodeState,
  stateDir: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<string[]> {
  const swept: string[] = []
  for (const address of await usedEngines(stateDir)) {
    // One that does not answer has nothing to give up now.
    const engine = await EngineClient.connect(address, { signal }).catch(() => undefined)
    signal?.throwIfAborted()
    if (engine) swept.push(...(await sweepContainers(engine, state, stateDir)))
  }
  return swept
}

async function usedEngines(stateDir: string): Promise<EngineAddress[]> {
  const folder = join(stateDir, 'engines')
  const files = await readdir(folder).catch(() => [])
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
  return texts.flatMap((text) => {
    try {
      const value: unknown = JSON.parse(text)
      const [url, certificates] = [textField(value, 'url'), textField(value, 'certificates')]
      return url === '' ? [] : [{ url, ...(certificates !== '' && { certificates }) }]
    } catch {
      // Cut off by a full disk.
      return []
    }
  })
}
