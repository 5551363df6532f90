// Operator commands against a pretend node that answers what it is told to.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach } from 'vitest'
import { createProgram } from '../../../program.ts'
import type { CommandEdge } from '../../command-edge.ts'

export interface Asked {
  readonly route: string
  readonly body: string
  readonly token: string | undefined
}

export interface Pretended {
  server: Server
  url: string
  cwd: string
  asked: Asked[]
  /** `GET /path` → what it answers; a number is a status, a function is asked. */
  answers: Record<string, unknown>
  /** What it says where it answers a status, and the headers of all that it answers. */
  refusal: string
  headers: Record<string, string>
  env: Record<string, string>
  /** The standard input. */
  typed: string
  /** Of what was said until then. */
  said: { out: string; err: string }
  stdin(): PassThrough
  calbox(...args: string[]): Promise<string>
  /** What comes on the standard output, and beside it. */
  bothOf(...args: string[]): Promise<{ out: string; err: string }>
}

/** A new one for each test of the file. */
export function pretendNode(): Pretended {
  const at = {
    stdin() {
      const stream = new PassThrough()
      stream.end(at.typed)
      return stream
    },
    async calbox(...args) {
      const { out, err } = await at.bothOf(...args)
      return out + err
    },
    async bothOf(...args) {
      at.said = { out: '', err: '' }
      const to = (which: 'out' | 'err') => ({
        write: (text: string) => {
          at.said[which] += text
        },
      })
      const { signal } = new AbortController()
      const { cwd, env } = at
      const edge: CommandEdge = { cwd, stdout: to('out'), stderr: to('err'), stdin: at.stdin(), signal, env }
      const program = createProgram('1.0.0', edge).configureOutput({ writeErr: () => {} })
      for (const command of program.commands)
        for (const each of [command, ...command.commands]) each.configureOutput({ writeErr: () => {} })
      await program.parseAsync(args, { from: 'user' })
      return at.said
    },
  } as Pretended
  beforeEach(async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'calbox-operator-'))
    Object.assign(at, { cwd, asked: [], answers: {}, refusal: 'because', headers: {}, env: { HOME: cwd }, typed: '' })
    at.server = createServer(async (request, response) => {
      let body = ''
      for await (const piece of request) body += String(piece)
      const route = `${request.method} ${request.url}`
      at.asked.push({ route, body, token: request.headers.authorization?.replace('Bearer ', '') })
      const known = at.answers[route]
      const answer = typeof known === 'function' ? known(at.asked.at(-1)) : (known ?? 404)
      if (typeof answer === 'number') {
        const said = at.refusal === '' ? '' : JSON.stringify({ error: at.refusal })
        response.writeHead(answer, at.headers).end(said)
      } else response.writeHead(200, at.headers).end(JSON.stringify(answer))
    })
    await new Promise<void>((resolve) => at.server.listen(0, '127.0.0.1', resolve))
    at.url = `http://127.0.0.1:${(at.server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    await new Promise((resolve) => at.server.close(resolve))
    rmSync(at.cwd, { recursive: true, force: true })
  })
  return at
}
