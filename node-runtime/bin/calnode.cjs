#!/usr/bin/env node
'use strict'
// Starts the node: plain CommonJS that any Node.js understands. Where the system's is too old it hands over to the one that
// calbox brings, if that is installed beside it.
const { existsSync } = require('node:fs')
const path = require('node:path')

const NEEDED = 24
/** As calbox starts nodes: what is young stays small, and a look through it short. */
const FLAGS = ['--max-semi-space-size=4']
/** In the environment of a child of ours: the descriptor of a pipe that ends with us. */
const PIPE = 'CALNODE_LAUNCHER_FD'

function bundledNode() {
  const name = `node-${process.platform}-${process.arch}`
  try {
    const manifest = require.resolve(`${name}/package.json`, { paths: [path.join(__dirname, '..')] })
    const binary = path.join(path.dirname(manifest), require(manifest).bin.node)
    if (existsSync(binary)) return binary
  } catch {
    // Not installed: said below.
  }
  const { node } = process.versions
  process.stderr.write(
    `calnode: Node.js ${NEEDED} or newer is needed; this is ${node}, and the package ${name} that brings one is not installed\n`,
  )
  return process.exit(3)
}

/** Its shadow: same signals, same exit. The child ends when the pipe closes. */
function handOver(node) {
  const child = require('node:child_process').spawn(node, [...FLAGS, __filename, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [PIPE]: '3' },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`calnode: cannot start ${node}: ${error.message}\n`)
    process.exit(3)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** The node ends in order when its launcher has been killed. */
function followLauncher() {
  const fd = Number(process.env[PIPE])
  delete process.env[PIPE]
  if (fd !== 3) return
  try {
    const pipe = new (require('node:net').Socket)({ fd, readable: true, writable: false })
    pipe.on('end', () => process.kill(process.pid, 'SIGTERM')).on('error', () => undefined)
    pipe.resume().unref()
  } catch {
    // Not a pipe: somebody set the variable by hand.
  }
}

if (Number(process.versions.node.split('.')[0]) < NEEDED) handOver(bundledNode())
else {
  followLauncher()
  import('../dist/calnode.js').catch((error) => {
    process.stderr.write(`calnode: ${error.stack || error}\n`)
    process.exit(1)
  })
}
