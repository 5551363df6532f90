// Files in the volume of a container, through the engine: those of this machine are not there.
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import type { NodeSpec } from '../../driver.ts'
import { adjustConfig, bootNodesOf } from '../../state/node-config.ts'
import { innerSpec } from '../container/container-request.ts'
import { type EngineClient, engineStatus } from '../engine/engine-client.ts'
import { IMAGE_DATA, IMAGE_USER } from '../image/image-files.ts'
import { type TarEntry, tarArchive } from '../image/tar.ts'

const BLOCK = 512
const SIZE_AT = 124

/** Of a node that was there before: what this run says in its config. Nothing happens where there is none yet. */
export async function adjustConfigIn(engine: EngineClient, id: string, spec: NodeSpec): Promise<void> {
  const folder = `${IMAGE_DATA}/${spec.name}`
  const text = await readIn(engine, id, `${folder}/config.toml`)
  if (text === undefined) return
  const inner = innerSpec(spec)
  const values = { ...inner, listenHost: '0.0.0.0', bootNodes: bootNodesOf(spec), eager: spec.e2eMode ?? false }
  const adjusted = adjustConfig(text, values)
  if (adjusted === text) return
  const entry = { path: 'config.toml', mode: 0o600, uid: IMAGE_USER, content: Buffer.from(adjusted) }
  await writeIn(engine, id, folder, [entry])
}

/** Its path as the node sees it. */
export async function placeFileIn(engine: EngineClient, id: string, node: string, file: string): Promise<string> {
  const folder = `${IMAGE_DATA}/${node}`
  const name = basename(file)
  const entries: TarEntry[] = [
    { path: 'files/', mode: 0o755, uid: IMAGE_USER },
    { path: `files/${name}`, mode: 0o644, uid: IMAGE_USER, file: { path: file, size: (await stat(file)).size } },
  ]
  await writeIn(engine, id, folder, entries)
  return `${folder}/files/${name}`
}

async function writeIn(engine: EngineClient, id: string, folder: string, entries: readonly TarEntry[]): Promise<void> {
  const archive = Readable.from(tarArchive(entries))
  const reply = await engine.stream('PUT', `/containers/${id}/archive`, { query: { path: folder }, archive })
  reply.resume()
}

/** One file; undefined where it is not there. */
async function readIn(engine: EngineClient, id: string, path: string): Promise<string | undefined> {
  const reply = await engine.stream('GET', `/containers/${id}/archive`, { query: { path } }).catch((error: unknown) => {
    if (engineStatus(error) === 404) return undefined
    throw error
  })
  if (reply === undefined) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of reply) chunks.push(chunk)
  const archive = Buffer.concat(chunks)
  const size = Number.parseInt(archive.toString('latin1', SIZE_AT, SIZE_AT + 11), 8)
  return archive.toString('utf8', BLOCK, BLOCK + size)
}
