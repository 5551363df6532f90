// Puts the image of the node into an engine, where it is not there yet.
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DriverError } from '../../errors.ts'
import { type EngineClient, engineStatus } from '../engine/engine-client.ts'
import { field, listOf, numberField, textField } from '../engine/engine-reply.ts'
import { IMAGE_LABEL, imageArchive } from './image-archive.ts'
import { imageFiles } from './image-files.ts'
import { withScratchFolder } from './scratch-folder.ts'

export const IMAGE_NAME = 'calbox/node'

export interface ImageRequest {
  /** The calnode program that is installed. */
  readonly calnode: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Further names, as `registry/name:tag`. */
  readonly tags?: readonly string[]
  /** Also where the engine has it already. */
  readonly force?: boolean
}

export interface BuiltImage {
  readonly tag: string
  readonly id: string
  readonly sizeBytes: number
  /** False: the engine had it. */
  readonly built: boolean
  readonly tookMs: number
}

/** Older images of ours that no container uses go. */
export async function buildImage(engine: EngineClient, request: ImageRequest): Promise<BuiltImage> {
  const started = performance.now()
  const tookMs = () => performance.now() - started
  return withFiles(request, async (files, version) => {
    const tag = `${IMAGE_NAME}:${version}-${files.key}`
    const there = request.force === true || request.tags?.length ? undefined : await inspectImage(engine, tag)
    if (there) return { tag, ...there, built: false, tookMs: tookMs() }
    await checkArchitecture(engine)
    const tags = [tag, `${IMAGE_NAME}:latest`, ...(request.tags ?? [])]
    const { stream } = await imageArchive(files, { tags, version })
    await engine.progress('POST', '/images/load', { query: { quiet: true }, archive: stream })
    const image = await inspectImage(engine, tag)
    if (!image) throw new DriverError('IMAGE_UNUSABLE', `the engine has taken the image ${tag}, and does not know it`)
    await removeOlder(engine, image.id)
    return { tag, ...image, built: true, tookMs: tookMs() }
  })
}

/** For `docker load` elsewhere. */
export async function writeImage(file: string, request: ImageRequest): Promise<{ tag: string; sizeBytes: number }> {
  return withFiles(request, async (files, version) => {
    const tag = `${IMAGE_NAME}:${version}-${files.key}`
    const tags = [tag, `${IMAGE_NAME}:latest`, ...(request.tags ?? [])]
    const { stream, sizeBytes } = await imageArchive(files, { tags, version })
    await pipeline(stream, createWriteStream(file))
    return { tag, sizeBytes }
  })
}

/** Undefined where the engine does not have it. */
export async function inspectImage(
  engine: EngineClient,
  name: string,
): Promise<{ id: string; sizeBytes: number; isOurs: boolean } | undefined> {
  try {
    const image = await engine.json('GET', `/images/${name}/json`)
    const isOurs = textField(image, 'Config', 'Labels', IMAGE_LABEL) !== ''
    return { id: textField(image, 'Id'), sizeBytes: numberField(image, 'Size') ?? 0, isOurs }
  } catch (error) {
    if (engineStatus(error) === 404) return undefined
    throw error
  }
}

async function withFiles<T>(
  request: ImageRequest,
  use: (files: Awaited<ReturnType<typeof imageFiles>>, version: string) => Promise<T>,
): Promise<T> {
  return withScratchFolder(async (scratch) => {
    const manifest: unknown = JSON.parse(
      await readFile(join(dirname(dirname(request.calnode)), 'package.json'), 'utf8'),
    )
    return use(await imageFiles({ ...request, scratch }), textField(manifest, 'version') || '0')
  })
}

async function checkArchitecture(engine: EngineClient): Promise<void> {
  const own = process.arch === 'x64' ? 'amd64' : process.arch
  const theirs = textField(await engine.json('GET', '/version'), 'Arch')
  if (theirs === own) return
  const message = `the engine runs ${theirs} programs, and Node.js here is one of ${own}; run \`calbox image build\` there`
  throw new DriverError('IMAGE_UNUSABLE', message, { data: { engine: theirs, own } })
}

async function removeOlder(engine: EngineClient, newest: string): Promise<void> {
  const filters = JSON.stringify({ label: [IMAGE_LABEL] })
  for (const image of listOf(await engine.json('GET', '/images/json', { query: { filters } }))) {
    const names = listOf(field(image, 'RepoTags')).map(String)
    const ownNames = names.every((name) => name.startsWith(`${IMAGE_NAME}:`) || name === '<none>:<none>')
    if (textField(image, 'Id') === newest || !ownNames) continue
    const all = names.some((name) => name !== '<none>:<none>') ? names : [textField(image, 'Id')]
    // In use by a container of an older run: it goes another time.
    for (const name of all) await engine.json('DELETE', `/images/${name}`).catch(() => undefined)
  }
}
