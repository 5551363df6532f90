// An image as the archive that `docker load` reads: a layer for Node.js, one for the node, and the settings. Made from
// files alone, so it needs no base image, no registry and no builder.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { NODE_FLAGS } from '../../limits.ts'
import {
  IMAGE_CALNODE,
  IMAGE_CERTIFICATES,
  IMAGE_DATA,
  IMAGE_NODE,
  IMAGE_USER,
  type ImageFiles,
} from './image-files.ts'
import { type TarEntry, tarArchive, tarSize } from './tar.ts'

/** On every image, container, network and volume of ours. */
export const IMAGE_LABEL = 'calbox.image'

export interface ImageArchive {
  readonly stream: Readable
  /** Uncompressed. */
  readonly sizeBytes: number
}

/** Of the HTTP API and of the swarm, inside of a container: always these. */
export const CONTAINER_RPC_PORT = 2528
export const CONTAINER_SWARM_PORT = 2428

export async function imageArchive(
  files: ImageFiles,
  names: { readonly tags: readonly string[]; readonly version: string },
): Promise<ImageArchive> {
  return packedImage([await files.base(), files.app], {
    tags: names.tags,
    configOf: (layerIds) => imageConfig(files, names.version, layerIds),
  })
}

/** Any image: its layers from below, and its settings, which name the layers. */
export async function packedImage(
  contents: readonly (readonly TarEntry[])[],
  { tags, configOf }: { readonly tags: readonly string[]; readonly configOf: (layerIds: readonly string[]) => unknown },
): Promise<ImageArchive> {
  const layers = await Promise.all(
    contents.map(async (entries) => ({ entries, id: await digestOf(entries), size: tarSize(entries) })),
  )
  const config = Buffer.from(JSON.stringify(configOf(layers.map(({ id }) => id))))
  const configName = `${createHash('sha256').update(config).digest('hex')}.json`
  const manifest = [{ Config: configName, RepoTags: tags, Layers: layers.map(({ id }) => `${id}/layer.tar`) }]
  const all = async function* () {
    const plain = (path: string, content: Buffer): TarEntry => ({ path, mode: 0o644, content })
    const ended = { path: '', mode: 0o644 }
    for (const { id, entries, size } of layers) {
      // The archive of a layer is itself an entry: its header, its bytes, and no end mark of the whole yet.
      yield* withoutEnd(tarArchive([{ ...ended, path: `${id}/layer.tar`, content: Buffer.alloc(0) }]), size)
      yield* tarArchive(entries)
    }
    yield* tarArchive([plain(configName, config), plain('manifest.json', Buffer.from(JSON.stringify(manifest)))])
  }
  return { stream: Readable.from(all()), sizeBytes: layers.reduce((sum, { size }) => sum + size, 0) }
}

/** The header of an empty entry, made one of `size` bytes. */
async function* withoutEnd(archive: AsyncGenerator<Buffer>, size: number): AsyncGenerator<Buffer> {
  const { value } = await archive.next()
  if (!value) return
  const header = Buffer.from(value)
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  header.write('        ', 148, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  yield header
}

async function digestOf(entries: readonly TarEntry[]): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of tarArchive(entries)) hash.update(chunk)
  return hash.digest('hex')
}

const PROBE =
  `fetch('http://127.0.0.1:${CONTAINER_RPC_PORT}/admin-api/health')` +
  '.then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))'
const SECOND_NS = 1_000_000_000

function imageConfig(files: ImageFiles, version: string, layerIds: readonly string[]): unknown {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: files.builtAt.toISOString(),
    config: {
      User: `${IMAGE_USER}:${IMAGE_USER}`,
      WorkingDir: IMAGE_DATA,
      Env: [
        'PATH=/usr/local/bin',
        `CALIMERO_HOME=${IMAGE_DATA}`,
        ...(files.hasCertificates ? [`NODE_EXTRA_CA_CERTS=${IMAGE_CERTIFICATES}`] : []),
      ],
      Entrypoint: [IMAGE_NODE, ...NODE_FLAGS, IMAGE_CALNODE],
      // Refuses to start until somebody says who may use it: --auth-mode embedded, or --allow-unauthenticated.
      Cmd: [
        '--home',
        IMAGE_DATA,
        '--node',
        'node',
        'run',
        '--init',
        '--server-host',
        '0.0.0.0',
        '--swarm-host',
        '0.0.0.0',
      ],
      ExposedPorts: { [`${CONTAINER_RPC_PORT}/tcp`]: {}, [`${CONTAINER_SWARM_PORT}/tcp`]: {} },
      Healthcheck: {
        Test: ['CMD', IMAGE_NODE, '-e', PROBE],
        Interval: 30 * SECOND_NS,
        Timeout: 5 * SECOND_NS,
        StartPeriod: 10 * SECOND_NS,
        Retries: 3,
      },
      Labels: {
        [IMAGE_LABEL]: files.key,
        'org.opencontainers.image.title': 'calbox node',
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'MIT OR Apache-2.0',
      },
    },
    rootfs: { type: 'layers', diff_ids: layerIds.map((id) => `sha256:${id}`) },
    history: layerIds.map((_, at) => ({
      created: files.builtAt.toISOString(),
      created_by: at === 0 ? `Node.js ${process.version} and its libraries` : `calbox node ${version}`,
    })),
  }
}
