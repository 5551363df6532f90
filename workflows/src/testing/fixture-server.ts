// The HTTP face of a fixture node: one route table, real sockets on a free port of 127.0.0.1.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { FixtureHttpError } from './fixture-http-error.ts'
import type { FixtureNode, FixtureServer } from './fixture-network.ts'
import { fixtureRoutes } from './fixture-routes.ts'
import { acceptSocket } from './fixture-socket.ts'

/** The node's address; `port` 0 takes a free one. */
export async function startFixtureNode(node: FixtureNode, port = 0): Promise<string> {
  node.server ??= await listen(node, port)
  return node.server.url
}

async function listen(node: FixtureNode, port: number): Promise<FixtureServer> {
  const server = createServer((request, response) => {
    answer(node, request, response).catch((error: unknown) => {
      response.writeHead(500).end(JSON.stringify({ error: String(error) }))
    })
  })
  // It shares a process with its client: after a stall that is longer than this, the client would take up a connection
  // that is about to be ended.
  server.keepAliveTimeout = 0
  const sockets = new Set<Duplex>()
  server.on('upgrade', (request, socket) => {
    sockets.add(socket)
    acceptSocket(node, request, socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of sockets) socket.destroy()
      }),
  }
}

async function answer(node: FixtureNode, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET'
  const [path = '/', query = ''] = (request.url ?? '/').split('?')
  const body = await readJson(request)
  const { authorization } = request.headers
  // With this a run looks whether a node is there, which no test of steps is about.
  const isLook = method === 'GET' && path === '/admin-api/health'
  if (!isLook) node.requests.push({ method, path, body, ...(authorization !== undefined && { authorization }) })
  const fault = node.faults.find((each) => each.times > 0 && each.method === method && each.path.test(path))
  if (fault) {
    fault.times -= 1
    if (fault.answer === 'hang') return node.onHang()
    if (fault.answer === 'drop') {
      request.socket.destroy()
      return
    }
    return send(response, fault.answer.status, fault.answer.body)
  }
  const bearer = authorization?.replace('Bearer ', '')
  if (node.tokens !== undefined && !path.startsWith('/auth/') && !node.tokens.has(bearer ?? '')) {
    if (path === '/admin-api/health') return send(response, 200, { data: { status: 'alive' } })
    if (node.authError !== undefined) response.setHeader('x-auth-error', node.authError)
    return send(response, 401, {})
  }
  for (const route of fixtureRoutes) {
    const match = route.method === method ? route.path.exec(path) : null
    if (!match) continue
    try {
      const reply = route.handle(node, match.slice(1).map(decodeURIComponent), body, new URLSearchParams(query))
      for (const [name, value] of Object.entries(node.replyHeaders)) {
        response.setHeader(name, value)
        delete node.replyHeaders[name]
      }
      return send(response, 200, reply)
    } catch (error) {
      if (!(error instanceof FixtureHttpError)) throw error
      return send(response, error.status, { error: error.message })
    }
  }
  response.writeHead(404).end()
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    // A blob or another body that is not JSON: routes that care look at the text.
    return text
  }
}
