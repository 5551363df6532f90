// An image of a few programs of this machine, for containers beside those of nodes: routers, and what sets up the network of
// others. Made where the engine does not have it.
import { DriverError } from '../../errors.ts'
import { type EngineClient, engineReason, engineStatus } from '../engine/engine-client.ts'
import { field, listOf, textField } from '../engine/engine-reply.ts'
import { inspectImage } from './build-image.ts'
import { filesOf, findProgram, type HostProgram, keyOfFiles } from './host-programs.ts'
import { packedImage } from './image-archive.ts'
import { withFolders } from './image-files.ts'

const TOOLS_NAME = 'calbox/host-tools'
const TOOLS_LABEL = 'calbox.host-tools'
/** To be counted up when the settings below change. */
const LAYOUT = 2
const ALWAYS = ['sh', 'sleep', 'ip', 'tc'] as const

/** Of its programs those that this machine has. Who uses it looks for what it needs first. */
async function toolsHere(): Promise<HostProgram[]> {
  const filter = (await findProgram('nft')) ?? (await findProgram('iptables'))
  const others = await Promise.all(ALWAYS.map(findProgram))
  return [...others, filter].filter((program) => program !== undefined)
}

/** Its id. Old ones that no container uses go. */
export async function toolsImage(engine: EngineClient): Promise<string> {
  const programs = await toolsHere()
  const tag = `${TOOLS_NAME}:${LAYOUT}-${await keyOfFiles(programs)}`
  const there = await inspectImage(engine, tag)
  if (there !== undefined) return there.id
  const files = await filesOf(programs)
  const { stream } = await packedImage([withFolders([{ path: 'tmp/', mode: 0o1777 }, ...files])], {
    tags: [tag],
    configOf: (layerIds) => ({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      created: new Date(0).toISOString(),
      config: { Env: ['PATH=/usr/bin'], Labels: { [TOOLS_LABEL]: tag } },
      rootfs: { type: 'layers', diff_ids: layerIds.map((id) => `sha256:${id}`) },
      history: layerIds.map(() => ({ created_by: programs.map(({ name }) => name).join(', ') })),
    }),
  })
  await engine.progress('POST', '/images/load', { query: { quiet: true }, archive: stream })
  const image = await inspectImage(engine, tag)
  if (image === undefined)
    throw new DriverError('IMAGE_UNUSABLE', `the engine has taken the image ${tag}, and does not know it`)
  await removeOlder(engine, image.id)
  return image.id
}

/** Whoever tidies up an engine takes an image away that no container has: then it is to be made again. */
export function isImageGone(error: unknown): boolean {
  return engineStatus(error) === 404 && /no such image|image not known/i.test(engineReason(error))
}

/** Those that nobody has made anew for so long: other runs, of this machine or another, may want the younger ones again. */
const OLD_MS = 24 * 60 * 60 * 1000

/** Where one that is wanted goes all the same, who wants it makes it again. */
async function removeOlder(engine: EngineClient, newest: string): Promise<void> {
  const filters = JSON.stringify({ label: [TOOLS_LABEL] })
  for (const image of listOf(await engine.json('GET', '/images/json', { query: { filters } }))) {
    const id = textField(image, 'Id')
    if (id === newest || !(await isOld(engine, id))) continue
    for (const name of listOf(field(image, 'RepoTags')).map(String)) {
      await engine.json('DELETE', `/images/${name}`).catch((error: unknown) => {
        // In use by another run, or gone.
        if (engineStatus(error) === undefined) throw error
      })
    }
  }
}

/** When it came into the engine; one that does not say so leaves it. The image itself is of no time. */
async function isOld(engine: EngineClient, id: string): Promise<boolean> {
  const image = await engine.json('GET', `/images/${id}/json`).catch((error: unknown) => {
    if (engineStatus(error) === undefined) throw error
  })
  const taggedMs = Date.parse(textField(image, 'Metadata', 'LastTagTime'))
  // Some engines tell the beginning of time of what they do not know.
  return taggedMs > 0 && Date.now() - taggedMs > OLD_MS
}
