// What is wrong with the connections of containers, kept as rules of nft and tc in the network of each. The rules of a node
// are one whole: whatever changes, all of them are set anew, one change after the other.
import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DriverError } from '../../errors.ts'
import type { KernelLinks, LinkRule } from '../../kernel-links.ts'
import { type EngineClient, engineReason, engineStatus } from '../engine/engine-client.ts'
import { field, textField } from '../engine/engine-reply.ts'
import { isImageGone, toolsImage } from '../image/tools-image.ts'
import { CLEAR_SCRIPT, type KernelAbilities, type LinkScript, linkScript, refusalOf } from './link-script.ts'
import { applyScript, assertTools, type LinkToolsParts, probeAbilities } from './link-tools.ts'

type Options = { readonly signal: AbortSignal }

export interface ContainerLinksParts {
  /** `.calbox`. */
  readonly stateDir: string
  /** The reaper knows of all that is made there from then on. */
  readonly connect: () => Promise<{
    readonly engine: EngineClient
    readonly labels: Readonly<Record<string, string>>
  }>
}

interface Tools extends LinkToolsParts {
  /** Another one where it had to be made again. */
  image: string
  readonly abilities: KernelAbilities
}

interface Node {
  readonly rules: Map<string, LinkRule>
  /** Of the container that runs. */
  id: string | undefined
  /** Something was set in its network. */
  isTouched: boolean
  /** Changes, one after the other. */
  last: Promise<unknown>
}

export class ContainerLinks implements KernelLinks {
  readonly #parts: ContainerLinksParts
  readonly #nodes = new Map<string, Node>()
  #tools: Promise<Tools | KernelAbilities> | undefined

  constructor(parts: ContainerLinksParts) {
    this.#parts = parts
  }

  async refusal(rule: LinkRule, options: Options): Promise<string | undefined> {
    const tools = await this.#found(options)
    return refusalOf(rule, 'abilities' in tools ? tools.abilities : tools)
  }

  async put(node: string, id: string, rule: LinkRule, options: Options): Promise<void> {
    this.#get(node).rules.set(id, rule)
    await this.#apply(node, options)
  }

  async take(node: string, id: string, options: Options): Promise<void> {
    const entry = this.#get(node)
    const rule = entry.rules.get(id)
    if (rule === undefined) return
    entry.rules.delete(id)
    try {
      await this.#apply(node, options)
    } catch (error) {
      // It is on until it can be taken off.
      entry.rules.set(id, rule)
      throw error
    }
  }

  /** The container of a node runs: it gets the node's rules, and those that name the node its addresses. */
  async started(node: string, id: string, options: Options): Promise<void> {
    const entry = this.#get(node)
    entry.id = id
    entry.isTouched = false
    await this.#refresh(node, options)
  }

  /** It was left by an earlier run, which may have been killed while it had rules. */
  async adopted(node: string, id: string, options: Options): Promise<void> {
    const entry = this.#get(node)
    entry.id = id
    if (!(await this.#isMarked(id))) return
    entry.isTouched = true
    await this.#apply(node, options).catch((error: unknown) => {
      options.signal.throwIfAborted()
      const message =
        `an earlier run has left rules of nft and tc in the network of ${node}, and they cannot be taken off: ` +
        `${engineReason(error)}; \`calbox down\` ends the node, and they end with it`
      throw new DriverError('ENGINE_FAILED', message, { data: { node }, cause: error })
    })
  }

  async ended(node: string, id: string): Promise<void> {
    const entry = this.#get(node)
    if (entry.id === id) entry.id = undefined
    await this.#unmark(id)
  }

  /** Nodes have joined or left networks: addresses and devices are others. */
  async moved(node: string, options: Options): Promise<void> {
    await this.#refresh(node, options)
  }

  async #refresh(node: string, options: Options): Promise<void> {
    const met = [...this.#nodes].filter(
      ([name, { rules }]) => name === node || [...rules.values()].some(({ peers }) => peers?.includes(node)),
    )
    await Promise.all(met.map(([name]) => this.#apply(name, options)))
  }

  #apply(node: string, options: Options): Promise<void> {
    const entry = this.#get(node)
    const turn = entry.last.then(() => this.#applyNow(entry, options))
    // Who asked for it is told how it came out; the next one begins anew.
    entry.last = turn.catch(() => undefined)
    return turn
  }

  async #applyNow(entry: Node, options: Options): Promise<void> {
    const { id } = entry
    if (id === undefined || (entry.rules.size === 0 && !entry.isTouched)) return
    const tools = await this.#found(options)
    if (!('abilities' in tools)) {
      if (entry.isTouched) throw new DriverError('UNSUPPORTED', `there are no nft and tc to be run: ${tools.filter}`)
      return
    }
    const addresses = await this.#addresses(tools.engine, [...entry.rules.values()], options)
    const { size } = entry.rules
    const script =
      size === 0
        ? CLEAR_SCRIPT
        : linkScript([...entry.rules.values()], (name) => addresses.get(name) ?? [], tools.abilities)
    // First: whoever finds this container after calbox was killed is to know.
    await this.#mark(id, tools.engine)
    entry.isTouched = true
    try {
      await this.#run(tools, id, script, options)
    } catch (error) {
      options.signal.throwIfAborted()
      // It has ended meanwhile, and its network with it: it gets its rules when it starts again.
      if (!(await isRunning(tools.engine, id))) return
      throw error
    }
    if (size > 0) return
    entry.isTouched = false
    await this.#unmark(id)
  }

  /** Whoever tidies up the engine takes the image away between two changes: no container has it then. */
  async #run(tools: Tools, id: string, script: LinkScript, options: Options): Promise<void> {
    try {
      await applyScript(tools, id, script, options)
    } catch (error) {
      options.signal.throwIfAborted()
      if (!isImageGone(error)) throw error
      tools.image = await toolsImage(tools.engine)
      await applyScript(tools, id, script, options)
    }
  }

  async #addresses(
    engine: EngineClient,
    rules: readonly LinkRule[],
    { signal }: Options,
  ): Promise<Map<string, readonly string[]>> {
    const names = [...new Set(rules.flatMap(({ peers }) => peers ?? []))]
    const found = names.map(async (name): Promise<[string, readonly string[]]> => {
      const id = this.#nodes.get(name)?.id
      return [name, id === undefined ? [] : await addressesOf(engine, id, signal)]
    })
    return new Map(await Promise.all(found))
  }

  #found(options: Options): Promise<Tools | KernelAbilities> {
    this.#tools ??= this.#find(options).catch((error: unknown) => {
      this.#tools = undefined
      options.signal.throwIfAborted()
      throw error
    })
    return this.#tools
  }

  async #find(options: Options): Promise<Tools | KernelAbilities> {
    const { engine, labels } = await this.#parts.connect()
    await this.#forgetGone(engine, options)
    try {
      await assertTools()
      const parts = { engine, labels, image: await toolsImage(engine) }
      return { ...parts, abilities: await probeAbilities(parts, options) }
    } catch (error) {
      options.signal.throwIfAborted()
      const why = engineReason(error)
      return { filter: why, chance: why, reset: why, rate: why, netem: why }
    }
  }

  #get(node: string): Node {
    const known = this.#nodes.get(node)
    if (known !== undefined) return known
    const entry: Node = { rules: new Map(), id: undefined, isTouched: false, last: Promise.resolve() }
    this.#nodes.set(node, entry)
    return entry
  }

  get #folder(): string {
    return join(this.#parts.stateDir, 'kernel-links')
  }

  async #mark(id: string, { address }: EngineClient): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    await writeFile(join(this.#folder, id), address.url)
  }

  async #isMarked(id: string): Promise<boolean> {
    return access(join(this.#folder, id)).then(
      () => true,
      () => false,
    )
  }

  /** Of containers that ended when nobody was there to see it. */
  async #forgetGone(engine: EngineClient, { signal }: Options): Promise<void> {
    for (const id of await readdir(this.#folder).catch(() => [])) {
      const of = await readFile(join(this.#folder, id), 'utf8').catch(() => '')
      if (of !== engine.address.url) continue
      const isGone = await engine.json('GET', `/containers/${id}/json`, { signal }).then(
        () => false,
        (error: unknown) => engineStatus(error) === 404,
      )
      if (isGone) await this.#unmark(id)
    }
  }

  async #unmark(id: string): Promise<void> {
    await rm(join(this.#folder, id), { force: true })
  }
}

async function addressesOf(engine: EngineClient, id: string, signal: AbortSignal): Promise<string[]> {
  const seen = await engine.json('GET', `/containers/${id}/json`, { signal }).catch((error: unknown) => {
    // It has just ended.
    if (engineStatus(error) === 404) return undefined
    throw error
  })
  const networks = Object.values(Object(field(seen, 'NetworkSettings', 'Networks')))
  return networks
    .flatMap((network) => [textField(network, 'IPAddress'), textField(network, 'GlobalIPv6Address')])
    .filter((address) => address !== '')
}

async function isRunning(engine: EngineClient, id: string): Promise<boolean> {
  return engine.json('GET', `/containers/${id}/json`).then(
    (seen) => field(seen, 'State', 'Running') === true,
    (error: unknown) => engineStatus(error) !== 404,
  )
}
