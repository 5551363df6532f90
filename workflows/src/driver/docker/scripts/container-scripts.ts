// Shell scripts in containers of their own: of the image that a file names, where it is to be used as written, else of that of
// the node. That has no shell: it gets the one of this machine, with the usual tools, for as long as the script runs.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { DriverError } from '../../errors.ts'
import type { ImageScript, ImageScripts } from '../../image-scripts.ts'
import { selfIdentity } from '../../process/process-identity.ts'
import { Reaper } from '../../process/reaper.ts'
import { PODMAN_ULIMITS } from '../container/container-request.ts'
import type { EngineAddress } from '../engine/engine-address.ts'
import { EngineClient, engineReason, engineStatus } from '../engine/engine-client.ts'
import { numberField, textField } from '../engine/engine-reply.ts'
import { logFrames } from '../engine/log-frames.ts'
import { type BuiltImage, buildImage, inspectImage } from '../image/build-image.ts'
import { pulledImage } from '../image/foreign-image.ts'
import { withFolders } from '../image/image-files.ts'
import { type TarEntry, tarArchive } from '../image/tar.ts'
import { ownLabels } from '../labels.ts'
import { removeContainer } from '../reap.ts'
import { rememberEngine } from '../used-engines.ts'
import { shellFiles } from './shell-files.ts'

export interface ContainerScriptsOptions {
  /** The built calnode program, for the image. */
  readonly calnode: string
  /** `.calbox`. */
  readonly stateDir: string
  readonly address: () => Promise<EngineAddress>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Scripts run in the image that their file names; default: in that of calbox. */
  readonly imageAsWritten?: boolean
  /** The image had to be built first. */
  readonly onImage?: (image: BuiltImage) => void
  readonly reaper?: string | undefined
}

/** Where the script is in its container, which is also where it runs. */
const FOLDER = '/tmp'
/** Both outputs through one pipe: only so they arrive in the order they were written. */
const ONE_STREAM = 'exec /bin/sh "$@" 2>&1'

/** Connects to nothing yet. */
export function openContainerScripts(options: ContainerScriptsOptions): ImageScripts {
  return {
    check: async ({ signal }) => {
      await EngineClient.connect(await options.address(), { signal })
      if (options.imageAsWritten !== true) await shellFiles()
    },
    run: (script, signals) => runContained(options, script, signals),
  }
}

async function runContained(
  options: ContainerScriptsOptions,
  script: ImageScript,
  { signal }: { readonly signal: AbortSignal },
): Promise<number> {
  const address = await options.address()
  const engine = await EngineClient.connect(address, { signal })
  const stateDir = resolve(options.stateDir)
  await rememberEngine(stateDir, address)
  const place = await placeOf(engine, options, script)
  const owner = { ...selfIdentity(), driverId: randomUUID() }
  const reaper = new Reaper(options.reaper)
  // Before the first request that makes something.
  reaper.watchEngine(address, owner.driverId)
  try {
    const body = { ...containerOf(place, script.args, engine.isPodman), Labels: ownLabels(stateDir, owner, 'script') }
    const id = textField(await engine.json('POST', '/containers/create', { body }), 'Id')
    try {
      const files = place.isOwn && (await hasShell(engine, id)) ? [] : place.files
      const entries = [...files, { path: 'tmp/script.sh', mode: 0o755, content: await readFile(script.file) }]
      const archive = Readable.from(tarArchive(place.isOwn ? withFolders(entries) : inFolder(entries)))
      await engine.json('PUT', `/containers/${id}/archive`, { query: { path: place.isOwn ? '/' : FOLDER }, archive })
      signal.throwIfAborted()
      await start(engine, id, place.image)
      await follow(engine, id, script.onOutput, signal)
      const end = await engine.json('POST', `/containers/${id}/wait`, { signal, isWait: true })
      return numberField(end, 'StatusCode') ?? 1
    } finally {
      await removeContainer(engine, id)
    }
  } finally {
    reaper.release()
  }
}

interface ScriptPlace {
  readonly image: string
  readonly isOwn: boolean
  /** What the image lacks. */
  readonly files: readonly TarEntry[]
}

async function placeOf(
  engine: EngineClient,
  { calnode, env, imageAsWritten, onImage }: ContainerScriptsOptions,
  script: ImageScript,
): Promise<ScriptPlace> {
  if (imageAsWritten === true && script.image !== undefined) {
    const image = await pulledImage(engine, script.image)
    // One of calbox, that was pushed to a registry, has no shell.
    const isOwn = (await inspectImage(engine, image))?.isOurs === true
    return { image, isOwn, files: isOwn ? await shellFiles() : [] }
  }
  const image = await buildImage(engine, { calnode, env })
  if (image.built) onImage?.(image)
  return { image: image.id, isOwn: true, files: await shellFiles() }
}

/** An image of the file keeps what it says of user and rights, as scripts may install something in it. */
function containerOf({ image, isOwn }: ScriptPlace, args: readonly string[], isPodman: boolean) {
  const own = { CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] }
  return {
    Image: image,
    Entrypoint: ['/bin/sh'],
    Cmd: ['-c', ONE_STREAM, 'sh', `${FOLDER}/script.sh`, ...args],
    WorkingDir: FOLDER,
    ...(isOwn && { Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/tmp'] }),
    Healthcheck: { Test: ['NONE'] },
    HostConfig: { RestartPolicy: { Name: 'no' }, ...(isOwn && own), ...(isPodman && { Ulimits: PODMAN_ULIMITS }) },
  }
}

/** As one has that was made by docker/Dockerfile: it keeps its own, with the libraries that belong to it. */
async function hasShell(engine: EngineClient, id: string): Promise<boolean> {
  try {
    const reply = await engine.stream('GET', `/containers/${id}/archive`, { query: { path: '/bin/sh' } })
    reply.destroy()
    return true
  } catch (error) {
    if (engineStatus(error) === 404) return false
    throw error
  }
}

function inFolder(entries: readonly TarEntry[]): readonly TarEntry[] {
  return entries.map((entry) => ({ ...entry, path: entry.path.slice(FOLDER.length) }))
}

async function start(engine: EngineClient, id: string, image: string): Promise<void> {
  await engine.json('POST', `/containers/${id}/start`).catch((error: unknown) => {
    const message = `a script cannot be run in the image ${image}: ${engineReason(error)}`
    throw new DriverError('IMAGE_UNUSABLE', message, { data: { image }, cause: error })
  })
}

async function follow(
  engine: EngineClient,
  id: string,
  onOutput: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const query = { stdout: true, stderr: true, follow: true }
  const reply = await engine.stream('GET', `/containers/${id}/logs`, { query, signal })
  const decoder = new StringDecoder('utf8')
  try {
    for await (const { payload } of logFrames(reply)) onOutput(decoder.write(payload))
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  signal.throwIfAborted()
  onOutput(decoder.end())
}
