// A pretend container engine for tests: answers requests as it is told to, also in ways that real ones rarely do.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { EngineAddress } from '../engine/engine-address.ts'

export interface FakeReply {
  /** Default 200. */
  readonly status?: number
  /** A Buffer as it is, and all else as JSON. */
  readonly body?: unknown
}

/** `asked` is `METHOD /path`, without the version and the query. `never`: no answer. */
export type FakeAnswer = (asked: string, query: URLSearchParams) => FakeReply | 'never'

export interface FakeEngine {
  readonly address: EngineAddress
  /** All that was asked, in order. */
  readonly asked: string[]
}

/** Until the end of the test. Says itself which engine it is, unless `answer` does. */
export async function fakeEngine(answer: FakeAnswer): Promise<FakeEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'calbox-fake-engine-'))
  const socket = join(folder, 'engine.sock')
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine')
    const what = `${request.method} ${pathname.replace(/^\/v[\d.]+\//, '/')}`
    asked.push(what)
    const reply = answer(what, searchParams)
    if (reply === 'never') return
    const { status = 200, body = what === 'GET /version' ? { ApiVersion: '1.41' } : {} } = reply
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(Buffer.isBuffer(body) ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  })
  return { address: { url: `unix://${socket}` }, asked }
}
