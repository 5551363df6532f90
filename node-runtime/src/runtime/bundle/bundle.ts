// Application bundles (`.mpk`): a gzipped tar with a signed `manifest.json`, which names the module, or those of its services, and
// what describes each, with their SHA-256. A module as it is, without a bundle, is not this file's concern. Pure.
import { promisify } from 'node:util'
import { gunzip, gunzipSync } from 'node:zlib'
import { type Bytes, toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { LIMITS } from '../limits.ts'
import { RuntimeError } from '../runtime-error.ts'
import { BUNDLE_LIMITS } from './limits.ts'
import { signerOf } from './manifest-signature.ts'
import { filesOfTar, type TarFile } from './tar.ts'

const MANIFEST = 'manifest.json'

type Fields = Readonly<Record<string, unknown>>

/** One of the programs of an application: a context runs one. */
export interface BundleService {
  readonly name: string
  readonly wasm: Bytes
  readonly abi: string | undefined
}

export interface Bundle {
  readonly package: string
  readonly version: string
  /** `did:key` of whoever signed it. */
  readonly signerId: string
  /** What may be shown of it, as a JSON object in UTF-8. */
  readonly metadata: Bytes
  /** Of several services that of the first. */
  readonly wasm: Bytes
  /** What it says of its methods and state, as JSON text, where it brings that beside the module. */
  readonly abi: string | undefined
  /** By the order of the manifest; empty where it names none. */
  readonly services: readonly BundleService[]
}

export function isBundle(bytes: Bytes): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

const GUNZIP = { maxOutputLength: BUNDLE_LIMITS.unpackedBytes }
const gunzipBeside = promisify(gunzip)

/** As `readBundle`, unpacked on a thread of the pool: nobody else waits for 64 MiB. */
export async function openBundle(archive: Bytes): Promise<Bundle> {
  return bundleIn(await gunzipBeside(archive, GUNZIP).catch(notUnpacked))
}

/** Whole, with its signature and digests checked. Throws RuntimeError BUNDLE_INVALID. */
export function readBundle(archive: Bytes): Bundle {
  return bundleIn(unpack(archive))
}

function bundleIn(tar: Bytes): Bundle {
  const files = filesOfTar(tar)
  const manifest = manifestOf(fileOf(files, MANIFEST).content)
  const signerId = signerOf(manifest)
  const name = labelOf(manifest, 'package', BUNDLE_LIMITS.packageBytes)
  const version = labelOf(manifest, 'appVersion', BUNDLE_LIMITS.versionBytes)
  const services = servicesIn(manifest).map(({ wasm, abi, ...named }) => ({
    ...named,
    // A copy: a part would keep the whole archive in memory.
    wasm: Uint8Array.from(partOf(files, 'wasm', wasm)),
    abi: isAbsent(abi) ? undefined : abiOf(partOf(files, 'abi', abi)),
  }))
  const [first] = services
  if (!first) throw new Error('assertion failed: a bundle has a service')
  return {
    package: name,
    version,
    signerId,
    metadata: metadataOf(manifest, { package: name, version }),
    wasm: first.wasm,
    abi: first.abi,
    services: services.flatMap(({ name, ...service }) => (name === undefined ? [] : [{ name, ...service }])),
  }
}

function unpack(archive: Bytes): Bytes {
  try {
    return gunzipSync(archive, GUNZIP)
  } catch (cause) {
    return notUnpacked(cause)
  }
}

function notUnpacked(cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause)
  throw new RuntimeError('BUNDLE_INVALID', `the bundle cannot be unpacked: ${why}`, { cause })
}

/** By its whole path. Two of one name are refused: who unpacks them might keep the other one. */
function fileOf(files: readonly TarFile[], name: string): TarFile {
  const [file, ...more] = files.filter((each) => each.name === name)
  if (!file) throw invalid(`it has no ${name}`)
  if (more.length > 0) throw invalid(`it has ${name} more than once`)
  return file
}

function manifestOf(content: Bytes): Fields {
  if (content.byteLength > BUNDLE_LIMITS.manifestBytes) {
    throw invalid(`its manifest has more than ${BUNDLE_LIMITS.manifestBytes} bytes`)
  }
  let manifest: unknown
  try {
    manifest = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch (cause) {
    throw invalid(`its manifest is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  if (!isFields(manifest)) throw invalid('its manifest is no object')
  if (isDeeper(manifest, BUNDLE_LIMITS.manifestDepth)) throw invalid('its manifest is nested too deeply')
  return manifest
}

interface SaidService {
  readonly name: string | undefined
  readonly wasm: unknown
  readonly abi: unknown
}

/** It stands in lists, logs and addresses. */
const SERVICE_NAME = /^\w[\w.-]*$/

/** At least one. Without a list the bundle is its only one, and a single one needs no name. */
function servicesIn({ services, wasm, abi }: Fields): SaidService[] {
  if (!Array.isArray(services) || services.length === 0) return [{ name: undefined, wasm, abi }]
  const { services: most, serviceNameBytes } = BUNDLE_LIMITS
  if (services.length > most) throw invalid(`it has ${services.length} services, and ${most} are the most`)
  const names = new Set<string>()
  return services.map((service: unknown) => {
    if (!isFields(service)) throw invalid('one of its services is no object')
    const { name } = service
    if (isAbsent(name) && services.length === 1) return { name: undefined, wasm: service.wasm, abi: service.abi }
    if (typeof name !== 'string' || name === '') throw invalid('one of its services has no name')
    if (utf8(name).byteLength > serviceNameBytes)
      throw invalid(`the name of a service has more than ${serviceNameBytes} bytes`)
    if (!SERVICE_NAME.test(name)) {
      throw invalid(`the name of a service is not of letters, digits and "_.-" alone: ${JSON.stringify(name)}`)
    }
    if (names.has(name)) throw invalid(`two of its services are called ${JSON.stringify(name)}`)
    names.add(name)
    return { name, wasm: service.wasm, abi: service.abi }
  })
}

const BYTES_MAX = { wasm: LIMITS.moduleBytes, abi: BUNDLE_LIMITS.abiBytes }

function partOf(files: readonly TarFile[], what: keyof typeof BYTES_MAX, said: unknown): Bytes {
  if (!isFields(said) || typeof said.path !== 'string' || typeof said.hash !== 'string') {
    throw invalid(`its manifest does not say with path and hash which file is its ${what}`)
  }
  const { content } = fileOf(files, said.path.replace(/^(\.\/+)+/, ''))
  // Before it is hashed and read: this is the main thread.
  if (content.byteLength > BYTES_MAX[what]) throw invalid(`its ${what} has more than ${BYTES_MAX[what]} bytes`)
  if (toHex(sha256(content)) !== said.hash.toLowerCase()) {
    throw invalid(`${said.path} is not the file that was signed: its SHA-256 is another one`)
  }
  return content
}

function abiOf(content: Bytes): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content)
    if (isFields(JSON.parse(text))) return text
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw invalid('its ABI is no JSON object')
}

/** What is told to members and shown in lists: no path, and not longer than what an installer may say. */
function labelOf(manifest: Fields, field: 'package' | 'appVersion', bytesMax: number): string {
  const text = manifest[field]
  if (typeof text !== 'string' || text === '') throw invalid(`its manifest has no ${field}`)
  if (utf8(text).byteLength > bytesMax) throw invalid(`its ${field} has more than ${bytesMax} bytes`)
  if (/[/\\\0]|\.\.|^.:/.test(text)) throw invalid(`its ${field} ${JSON.stringify(text)} looks like a path`)
  return text
}

function metadataOf(manifest: Fields, labels: { package: string; version: string }): Bytes {
  const shown = isFields(manifest.metadata) ? manifest.metadata : {}
  const links = isFields(manifest.links) ? { links: manifest.links } : {}
  const metadata = utf8(JSON.stringify({ ...shown, ...labels, ...links }))
  if (metadata.byteLength > BUNDLE_LIMITS.metadataBytes) {
    throw invalid(`what is to be shown of it has more than ${BUNDLE_LIMITS.metadataBytes} bytes`)
  }
  return metadata
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}

function invalid(why: string): RuntimeError {
  return new RuntimeError('BUNDLE_INVALID', `the bundle is refused: ${why}`)
}
