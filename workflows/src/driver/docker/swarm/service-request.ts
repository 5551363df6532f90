// Pure: the request that creates the service of a node: one task, which is not started again when it ends. Inside it is what a
// container of a node is; what an engine can be asked of a container and a swarm cannot, is left out (README).
import { STOP_GRACE_MS } from '../../limits.ts'
import { runArguments } from '../../process/calnode-arguments.ts'
import {
  type ContainerSettings,
  type ContainerSpec,
  commandContainer,
  innerSpec,
} from '../container/container-request.ts'
import { CONTAINER_RPC_PORT } from '../image/image-archive.ts'
import { IMAGE_DATA, IMAGE_USER } from '../image/image-files.ts'
import { LABEL_MEROBOX, LABEL_NODE } from '../labels.ts'

export interface ServiceLife {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly network: string
  readonly volume: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly constraints: readonly string[]
  /** 0: the engine of that machine chooses one. */
  readonly hostPort: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly secret?: { readonly id: string; readonly name: string } | undefined
}

const MILLISECOND_NS = 1_000_000
const PASSWORD_FILE = 'admin-password'

export function nodeService(spec: ContainerSpec, settings: ContainerSettings, life: ServiceLife) {
  const { secret } = life
  const told = secret === undefined ? [] : ['--admin-password-file', `/run/secrets/${PASSWORD_FILE}`]
  const args = [...runArguments(innerSpec(spec)), ...told]
  const container = commandContainer(spec, settings, { args, env: life.env })
  const { limits, program } = settings
  return {
    Name: life.name,
    Labels: { ...life.labels, [LABEL_NODE]: spec.name },
    TaskTemplate: {
      ContainerSpec: {
        Image: container.Image,
        User: container.User,
        ...(program && { Command: program.entrypoint }),
        Args: container.Cmd,
        Env: container.Env,
        Hostname: spec.name.slice(0, 63),
        Labels: { [LABEL_NODE]: spec.name, [LABEL_MEROBOX]: 'true' },
        Healthcheck: container.Healthcheck,
        StopGracePeriod: STOP_GRACE_MS * MILLISECOND_NS,
        CapabilityDrop: ['ALL'],
        ReadOnly: true,
        Mounts: [
          {
            Type: 'volume',
            Source: life.volume.name,
            Target: IMAGE_DATA,
            VolumeOptions: { Labels: life.volume.labels },
          },
          { Type: 'tmpfs', Target: '/tmp', TmpfsOptions: { Mode: 0o1777 } },
          ...(program?.binds ?? []).map(boundFolder),
        ],
        ...(secret && { Secrets: [secretFile(secret)] }),
      },
      Networks: [{ Target: life.network, Aliases: [spec.name] }],
      RestartPolicy: { Condition: 'none' },
      Placement: { Constraints: life.constraints },
      Resources: {
        Limits: {
          ...(limits.memoryBytes !== undefined && { MemoryBytes: limits.memoryBytes }),
          ...(limits.cpus !== undefined && { NanoCPUs: Math.round(limits.cpus * 1e9) }),
        },
      },
      LogDriver: { Name: 'json-file', Options: { 'max-size': '128m', 'max-file': '2' } },
    },
    Mode: { Replicated: { Replicas: 1 } },
    // Names are those of tasks: nothing is balanced, which would take a virtual server in the kernel.
    EndpointSpec: {
      Mode: 'dnsrr',
      Ports: [{ Protocol: 'tcp', TargetPort: CONTAINER_RPC_PORT, PublishedPort: life.hostPort, PublishMode: 'host' }],
    },
  }
}

function secretFile({ id, name }: { readonly id: string; readonly name: string }) {
  const owner = String(IMAGE_USER)
  return { SecretID: id, SecretName: name, File: { Name: PASSWORD_FILE, UID: owner, GID: owner, Mode: 0o400 } }
}

/** `from:to:ro` of an engine here. */
function boundFolder(bind: string) {
  const [Source, Target, mode] = bind.split(':')
  return { Type: 'bind', Source, Target, ReadOnly: mode === 'ro' }
}
