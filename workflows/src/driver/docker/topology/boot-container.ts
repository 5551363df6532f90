// The boot node of a topology as a container of the image of calbox.
import { basename, dirname, join, resolve } from 'node:path'
import { DriverError } from '../../errors.ts'
import { BOOT_NODE_PORT, LOG_TAIL_LINES, READY_TIMEOUT_MS, STOP_GRACE_MS } from '../../limits.ts'
import { describeExit } from '../../process/exit-cause.ts'
import { beginLog, LogFile } from '../../process/log-file.ts'
import { makeFolder } from '../../state/make-folder.ts'
import type { TopologyRequest } from '../../topology/topology.ts'
import { until } from '../../until.ts'
import { Container } from '../container/container.ts'
import { type ContainerSettings, PODMAN_ULIMITS } from '../container/container-request.ts'
import { LogPump } from '../container/log-pump.ts'
import type { EngineClient } from '../engine/engine-client.ts'
import { textField } from '../engine/engine-reply.ts'
import { IMAGE_DATA } from '../image/image-files.ts'
import { LABEL_TOPOLOGY } from '../labels.ts'

export interface BootContainerParts {
  readonly engine: EngineClient
  readonly settings: ContainerSettings
  readonly labels: Readonly<Record<string, string>>
  /** That all can reach. */
  readonly network: string
  readonly stateDir: string
}

export interface BootContainer {
  /** Of its container. */
  readonly id: string
  readonly host: string
  /** As nodes dial it, with its id. */
  readonly address: string
  /** When its log is complete. */
  stop(): Promise<void>
}

/** Nothing stays of one that does not get ready. */
export async function startBootContainer(
  parts: BootContainerParts,
  request: Pick<TopologyRequest, 'runId' | 'bootNodeKeypair'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<BootContainer> {
  const { engine, network, stateDir } = parts
  await makeFolder(stateDir)
  const file = resolve(join(stateDir, 'boot-node.log'))
  const logStart = await beginLog(file)
  const query = { name: `${request.runId}-boot-node` }
  const id = textField(await engine.json('POST', '/containers/create', { query, body: bodyOf(parts, request) }), 'Id')
  const open = new AbortController()
  await engine.json('POST', `/containers/${id}/start`)
  const pump = new LogPump({ engine, source: { id }, file, follow: true, signal: open.signal })
  const container = new Container(engine, id, { drained: pump.done, signal: open.signal })
  const log = new LogFile(file, logStart, () => container.cause !== undefined)
  const stop = async () => {
    await container.stop(STOP_GRACE_MS)
    open.abort()
  }
  try {
    const peerId = await startedId(container, log, signal)
    const seen = await engine.json('GET', `/containers/${id}/json`)
    const host = textField(seen, 'NetworkSettings', 'Networks', network, 'IPAddress')
    return { id, host, address: `/ip4/${host}/tcp/${BOOT_NODE_PORT}/p2p/${peerId}`, stop }
  } catch (error) {
    await stop()
    signal.throwIfAborted()
    const cause = container.cause?.code === undefined ? '' : ` (${describeExit(container.cause)})`
    const lines = await log.tail(LOG_TAIL_LINES)
    const message = [`the boot node did not start${cause}: ${error}`, `Last lines of ${file}:`, ...lines].join('\n  ')
    throw new DriverError('NODE_EXITED', message, { cause: error })
  }
}

function bodyOf(
  { settings, labels, network }: BootContainerParts,
  { runId, bootNodeKeypair }: Pick<TopologyRequest, 'runId' | 'bootNodeKeypair'>,
) {
  const key = bootNodeKeypair === undefined ? undefined : resolve(bootNodeKeypair)
  return {
    Image: settings.image,
    User: settings.user,
    Cmd: [
      ...['boot-node', '--network', runId, '--listen', `/ip4/0.0.0.0/tcp/${BOOT_NODE_PORT}`],
      ...(key === undefined ? [] : ['--identity', `${IMAGE_DATA}/${basename(key)}`]),
    ],
    Labels: { ...labels, [LABEL_TOPOLOGY]: 'boot node' },
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: network,
      // The folder: where the key is not there yet, it is made.
      ...(key !== undefined && { Mounts: [{ Type: 'bind', Source: dirname(key), Target: IMAGE_DATA }] }),
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': 'mode=1777' },
      ...(settings.isPodman && { Ulimits: PODMAN_ULIMITS }),
      RestartPolicy: { Name: 'no' },
    },
  }
}

/** It says so itself, when it listens. */
function startedId(container: Container, log: LogFile, signal: AbortSignal): Promise<string> {
  return until({
    probe: async () => {
      const ended = container.cause
      const started = (await log.text()).split('\n').find((line) => line.includes('boot node started'))
      if (started !== undefined) return { done: peerIdIn(started) }
      if (ended !== undefined) throw new DriverError('NODE_EXITED', describeExit(ended))
      return { seen: 'no line that says so' }
    },
    timeoutMs: READY_TIMEOUT_MS,
    firstMs: 20,
    maxMs: 100,
    signal,
    expired: (waitedMs) => new DriverError('START_TIMEOUT', `its log does not say so within ${waitedMs} ms`),
  })
}

function peerIdIn(line: string): string {
  const entry: unknown = JSON.parse(line)
  return textField(entry, 'peerId')
}
