// Which container engine is meant: what the command line names, then DOCKER_HOST, then the context of the docker client,
// then the sockets where Docker and Podman usually are. Reads settings only; whether somebody answers shows later.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DriverError } from '../../errors.ts'

/** Plain JSON: it goes on record, and to the reaper. */
export interface EngineAddress {
  /** `unix:///path`, or `tcp://host:port`. */
  readonly url: string
  /** Of ca.pem, cert.pem and key.pem: then the connection is encrypted. */
  readonly certificates?: string
}

export interface EngineChoice {
  /** A context of the docker client. */
  readonly context?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

export function engineAddress({ context, env }: EngineChoice): EngineAddress {
  if (context !== undefined) return contextAddress(context, env)
  if (env.DOCKER_HOST) return checked({ url: env.DOCKER_HOST, ...certificatesOf(env) }, 'DOCKER_HOST')
  if (env.CONTAINER_HOST) return checked({ url: env.CONTAINER_HOST }, 'CONTAINER_HOST')
  const current = env.DOCKER_CONTEXT ?? currentContext(env)
  if (current !== undefined && current !== '' && current !== 'default') return contextAddress(current, env)
  const sockets = usualSockets(env)
  return { url: `unix://${sockets.find((path) => existsSync(path)) ?? sockets[0]}` }
}

/** On this machine: it can be given folders of this machine, and what it publishes on the loopback address is here. */
export function isLocal({ url }: EngineAddress): boolean {
  if (url.startsWith('unix://')) return true
  const host = URL.parse(url.replace(/^tcp:/, 'http:'))?.hostname ?? ''
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.')
}

function certificatesOf(env: EngineChoice['env']): { certificates?: string } {
  return env.DOCKER_TLS_VERIFY ? { certificates: env.DOCKER_CERT_PATH ?? configDirectory(env) } : {}
}

/** The files of the docker client: a folder a context, called by the hash of its name. */
function contextAddress(name: string, env: EngineChoice['env']): EngineAddress {
  if (name === 'default') return engineAddress({ env: { ...env, DOCKER_CONTEXT: 'default', DOCKER_HOST: undefined } })
  const id = createHash('sha256').update(name).digest('hex')
  const contexts = join(configDirectory(env), 'contexts')
  const meta = readJson(join(contexts, 'meta', id, 'meta.json'))
  const host = meta && fieldOf(fieldOf(fieldOf(meta, 'Endpoints'), 'docker'), 'Host')
  if (typeof host !== 'string') {
    throw new DriverError('ENGINE_UNREACHABLE', `there is no docker context ${name}; \`docker context ls\` lists them`)
  }
  const certificates = join(contexts, 'tls', id, 'docker')
  return checked({ url: host, ...(existsSync(certificates) && { certificates }) }, `the docker context ${name}`)
}

function checked(address: EngineAddress, from: string): EngineAddress {
  if (/^(unix:\/\/\/|tcp:\/\/|https?:\/\/)/.test(address.url)) return address
  const remedy = address.url.startsWith('ssh://') ? 'run calbox on that machine' : 'use unix:///PATH or tcp://HOST:PORT'
  throw new DriverError('ENGINE_UNREACHABLE', `${from} is ${address.url}, which cannot be reached from here; ${remedy}`)
}

function usualSockets(env: EngineChoice['env']): string[] {
  const runtime = env.XDG_RUNTIME_DIR
  return [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock'), join(runtime, 'podman/podman.sock')] : []),
    '/run/podman/podman.sock',
  ]
}

function currentContext(env: EngineChoice['env']): string | undefined {
  const name = fieldOf(readJson(join(configDirectory(env), 'config.json')), 'currentContext')
  return typeof name === 'string' ? name : undefined
}

function configDirectory(env: EngineChoice['env']): string {
  return env.DOCKER_CONFIG ?? join(env.HOME ?? homedir(), '.docker')
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // Not there, or not for us: then it names nothing.
    return undefined
  }
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
