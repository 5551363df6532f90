// What is in the image of the node: the Node.js program that runs this, the libraries it is linked with, and the built
// node. No distribution, no shell, no package manager: nothing has to be fetched, and there is nothing to attack.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { DriverError } from '../../errors.ts'
import { NODE_FLAGS } from '../../limits.ts'
import { field } from '../engine/engine-reply.ts'
import type { TarEntry } from './tar.ts'

/** Who runs in the image when nobody says otherwise. */
export const IMAGE_USER = 10_001
export const IMAGE_NODE = '/usr/local/bin/node'
export const IMAGE_CALNODE = '/app/calnode/dist/calnode.js'
/** Homes of nodes are mounted here, as merobox does. */
export const IMAGE_DATA = '/app/data'
export const IMAGE_CERTIFICATES = '/etc/ssl/certs/extra-ca.pem'

export interface ImageFiles {
  /** Changes with Node.js only. */
  readonly base: () => Promise<readonly TarEntry[]>
  readonly app: readonly TarEntry[]
  readonly hasCertificates: boolean
  /** The same for the same files. */
  readonly key: string
  readonly builtAt: Date
}

export interface ImageFilesRequest {
  /** The built calnode program. */
  readonly calnode: string
  /** A program without symbols is smaller; where there is no `strip`, it is taken as it is. Made into this folder. */
  readonly scratch: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export async function imageFiles(request: ImageFilesRequest): Promise<ImageFiles> {
  if (process.platform !== 'linux') {
    const message = 'an image needs the Node.js of Linux, and this is another system; build docker/Dockerfile instead'
    throw new DriverError('UNSUPPORTED', message)
  }
  const app = await appFiles(request.calnode)
  const libraries = [...new Set(sharedLibraries())]
  const certificates = request.env.NODE_EXTRA_CA_CERTS
  const hash = createHash('sha256').update(`${process.version} ${process.arch} ${LAYOUT}`)
  for (const entry of app.entries) hash.update(entry.path).update(entry.content ?? '')
  for (const path of [process.execPath, ...libraries, ...(certificates ? [certificates] : [])]) {
    const { size, mtimeMs } = await stat(path)
    hash.update(`${path} ${size} ${Math.floor(mtimeMs)}\0`)
  }
  return {
    base: () => baseFiles({ libraries, certificates, scratch: request.scratch }),
    app: app.entries,
    hasCertificates: certificates !== undefined && certificates !== '',
    key: hash.digest('hex').slice(0, 12),
    builtAt: app.builtAt,
  }
}

/** Of what is below and in the settings of the image: to be counted up when that changes. */
const LAYOUT = 2

async function baseFiles(parts: {
  libraries: readonly string[]
  certificates: string | undefined
  scratch: string
}): Promise<TarEntry[]> {
  const text = (path: string, content: string): TarEntry => ({ path, mode: 0o644, content: Buffer.from(content) })
  const node = await strippedNode(parts.scratch)
  const files: TarEntry[] = [
    { path: 'tmp/', mode: 0o1777 },
    // Whoever it is run as may write there when nothing is mounted.
    { path: `${IMAGE_DATA.slice(1)}/`, mode: 0o1777, uid: IMAGE_USER },
    text(
      'etc/passwd',
      `root:x:0:0:root:/:/sbin/nologin\ncalnode:x:${IMAGE_USER}:${IMAGE_USER}::${IMAGE_DATA}:/sbin/nologin\n`,
    ),
    text('etc/group', `root:x:0:\ncalnode:x:${IMAGE_USER}:\n`),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
    await hostFile(IMAGE_NODE.slice(1), node, 0o755),
  ]
  for (const path of parts.libraries) files.push(await hostFile(path.slice(1), path, 0o755))
  if (parts.certificates) files.push(await hostFile(IMAGE_CERTIFICATES.slice(1), parts.certificates, 0o644))
  return withFolders(files)
}

/** The libraries of this very process, at the places where its loader looks for them. */
function sharedLibraries(): string[] {
  const report: unknown = process.report.getReport()
  const loaded = field(report, 'sharedObjects')
  const paths = (Array.isArray(loaded) ? loaded : []).filter(
    (path) => typeof path === 'string' && path.startsWith('/') && !path.endsWith('.node'),
  )
  // Older C libraries load these when a name is looked up.
  const libc = paths.find((path) => /\/libc\.so/.test(path))
  const resolvers = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'].map((name) =>
    join(dirname(libc ?? '/'), name),
  )
  return [...paths, ...(libc === undefined ? [] : resolvers.filter((path) => existsSync(path)))]
}

async function strippedNode(scratch: string): Promise<string> {
  const stripped = join(scratch, 'node')
  try {
    await promisify(execFile)('strip', ['-o', stripped, process.execPath])
    return stripped
  } catch {
    // No binutils here: 18 MB more.
    return process.execPath
  }
}

async function appFiles(calnode: string): Promise<{ entries: TarEntry[]; builtAt: Date }> {
  const dist = dirname(realpathSync(calnode))
  if (!calnode.endsWith('.js')) {
    const message = `an image holds the built node, and ${calnode} is its source; build it first (npm run build)`
    throw new DriverError('IMAGE_UNUSABLE', message)
  }
  const root = dirname(dist)
  const require = createRequire(join(dist, 'calnode.js'))
  const level = dirname(require.resolve(`${basename(LEVEL)}/package.json`))
  const loader = dirname(createRequire(join(level, 'package.json')).resolve('node-gyp-build/package.json'))
  const files: [string, string][] = [
    ...(await builtFiles(dist)).map((name): [string, string] => [`dist/${name}`, join(dist, name)]),
    ['package.json', join(root, 'package.json')],
    ...['package.json', 'binding.js'].map((name): [string, string] => [`${LEVEL}/${name}`, join(level, name)]),
    ...(await prebuilt(level)).map((name): [string, string] => [`${LEVEL}/${name}`, join(level, name)]),
    ...['package.json', 'index.js', 'node-gyp-build.js'].map((name): [string, string] => [
      `node_modules/node-gyp-build/${name}`,
      join(loader, name),
    ]),
  ]
  // Linux hands on what follows the program as one argument.
  const command = `#!${IMAGE_NODE} ${NODE_FLAGS.join(' ')}\nimport('${IMAGE_CALNODE}')\n`
  const entries: TarEntry[] = [{ path: 'usr/local/bin/calnode', mode: 0o755, content: Buffer.from(command) }]
  for (const [path, from] of files) {
    entries.push({ path: `app/calnode/${path}`, mode: 0o644, content: await readFile(from) })
  }
  return { entries: withFolders(entries), builtAt: (await stat(join(dist, 'calnode.js'))).mtime }
}

/** The node's own dependency: found from there, and none of this package. */
const LEVEL = 'node_modules/classic-level'

/** A checkout keeps what older builds have left; its stamp names those of the last one. */
async function builtFiles(dist: string): Promise<string[]> {
  try {
    const stamp: unknown = JSON.parse(await readFile(join(dist, '.stamp'), 'utf8'))
    const files = field(stamp, 'files')
    if (Array.isArray(files)) return files.map(String).sort()
  } catch {
    // None in a published package: all of the folder belongs to it.
  }
  return (await readdir(dist)).filter((name) => name.endsWith('.js')).sort()
}

async function prebuilt(level: string): Promise<string[]> {
  const folder = `prebuilds/linux-${process.arch}`
  const isMusl = sharedLibraries().some((path) => basename(path).startsWith('ld-musl'))
  const names = (await readdir(join(level, folder))).filter((name) => name.includes('musl') === isMusl)
  return names.map((name) => `${folder}/${name}`)
}

export async function hostFile(path: string, from: string, mode: number): Promise<TarEntry> {
  return { path, mode, file: { path: from, size: (await stat(from)).size } }
}

/** Each with the folders above it, once. */
export function withFolders(files: readonly TarEntry[]): TarEntry[] {
  const seen = new Set<string>(files.map(({ path }) => path))
  return files.flatMap((file) => {
    const folders: TarEntry[] = []
    for (let at = file.path.indexOf('/'); at >= 0 && at < file.path.length - 1; at = file.path.indexOf('/', at + 1)) {
      const path = file.path.slice(0, at + 1)
      if (!seen.has(path)) folders.push({ path, mode: 0o755 })
      seen.add(path)
    }
    return [...folders, file]
  })
}
