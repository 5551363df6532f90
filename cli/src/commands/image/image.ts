// `calbox image build`: the image of the node, from what is installed here; no registry, no base image, no builder.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CommandEdge } from '../command-edge.ts'
import { addressOf } from '../driver/driver-options.ts'
import { findCalnode } from '../find-calnode.ts'

export interface ImageBuildOptions {
  readonly tag?: readonly string[]
  readonly output?: string
  readonly force?: boolean
  readonly dockerContext?: string
}

export function registerImage(program: Command, edge: CommandEdge): void {
  const image = program.command('image').description('the container image of the node')
  image
    .command('build')
    .description('make it from the installed node and this Node.js; needs no registry')
    .option('--tag <name>', 'a further name for it; may be given again', collect)
    .option('--output <file>', 'write it for `docker load` instead of giving it to an engine')
    .option('--force', 'also where the engine has it already')
    .option('--docker-context <name>', 'of the docker client; else DOCKER_HOST, or the usual socket')
    .action((options: ImageBuildOptions) => runImageBuild(options, edge))
  for (const command of image.commands) command.exitOverride()
}

export async function runImageBuild(options: ImageBuildOptions, edge: CommandEdge): Promise<void> {
  const { buildImage, EngineClient, formatDuration, writeImage } = await import('@calbox/workflows')
  const request = {
    calnode: findCalnode(edge),
    env: edge.env,
    ...(options.tag && { tags: options.tag }),
    force: options.force === true,
  }
  if (options.output !== undefined) {
    const { tag, sizeBytes } = await writeImage(resolve(edge.cwd, options.output), request)
    edge.stdout.write(`${tag}  ${megabytes(sizeBytes)}  in ${options.output}\n`)
    return
  }
  const engine = await EngineClient.connect(await addressOf(options, edge), { signal: edge.signal })
  const { tag, sizeBytes, built, tookMs } = await buildImage(engine, request)
  const how = built ? `built in ${formatDuration(tookMs)}` : 'was there already'
  edge.stdout.write(`${tag}  ${megabytes(sizeBytes)}  ${how}\n`)
}

function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`
}
