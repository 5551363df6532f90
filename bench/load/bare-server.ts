// What HTTP alone costs here: a server that reads the body of a request and answers with as many bytes as a view does.
import { createServer } from 'node:http'

const ANSWER = '{"jsonrpc":"2.0","id":1,"result":{"output":"0123456789"}}'
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  JSON.parse(body)
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': ANSWER.length })
  response.end(ANSWER)
})
server.listen(0, '127.0.0.1', () => process.send?.(server.address()))
process.on('disconnect', () => process.exit())
