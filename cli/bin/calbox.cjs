#!/usr/bin/env node
'use strict'
// The launcher: plain CommonJS that any Node.js understands. It finds a Node.js 24, builds a checkout that was not built
// (where install scripts are disabled), and hands over. Kept free of dependencies: it runs before anything else.
const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const NEEDED = 24
const ROOT = path.join(__dirname, '..')
const BUNDLE = path.join(ROOT, 'dist', 'calbox.js')
const CHECKOUT = path.join(ROOT, '..')
const BUILD = path.join(CHECKOUT, 'scripts', 'build.ts')

function fail(message) {
  process.stderr.write(`calbox: ${message}\n`)
  process.exit(3)
}

/** The Node.js to use: this one, or the one that came with the package. */
function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) return process.execPath
  const name = `node-${process.platform}-${process.arch}`
  try {
    const manifest = require.resolve(`${name}/package.json`, { paths: [ROOT, CHECKOUT] })
    const binary = path.join(path.dirname(manifest), require(manifest).bin.node)
    if (fs.existsSync(binary)) return binary
  } catch {
    // Not installed: said below.
  }
  return fail(
    `Node.js ${NEEDED} or newer is needed; this is ${process.versions.node}, and the package ${name} that brings one is ` +
      'not installed. Install a newer Node.js, or install again without --omit=optional.',
  )
}

function newestChange(place) {
  let newest = 0
  for (const entry of fs.readdirSync(place, { withFileTypes: true })) {
    const full = path.join(place, entry.name)
    if (entry.isDirectory()) newest = Math.max(newest, newestChange(full))
    else if (!entry.name.endsWith('.test.ts')) newest = Math.max(newest, fs.statSync(full).mtimeMs)
  }
  return newest
}

/** A checkout is built when it never was, or when a source is newer than the last build. */
function buildIfNeeded(node) {
  if (!fs.existsSync(BUILD)) {
    if (!fs.existsSync(BUNDLE)) fail(`the package is incomplete: ${BUNDLE} is missing; install it again`)
    return
  }
  const stamps = ['cli/dist/.stamp', 'node-runtime/dist/.stamp'].map((file) => path.join(CHECKOUT, file))
  const built = stamps.every((file) => fs.existsSync(file))
  const sources = ['cli/src', 'workflows/src', 'node-runtime/src', 'schemas/src'].map((dir) => path.join(CHECKOUT, dir))
  if (built && Math.max(...sources.map(newestChange)) <= Math.min(...stamps.map((file) => fs.statSync(file).mtimeMs))) return
  process.stderr.write(built ? 'calbox: the sources have changed; building\n' : 'calbox: first run of this checkout; building\n')
  const result = spawnSync(node, [BUILD], { cwd: CHECKOUT, stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.status !== 0) fail(`the build failed; try: node ${BUILD}`)
}

/** Runs the bundle in a child and is its shadow: same signals, same exit. The child ends when the pipe closes. */
function runChild(node) {
  const args = ['--disable-warning=ExperimentalWarning', BUNDLE, ...process.argv.slice(2)]
  const env = { ...process.env, CALBOX_LAUNCHER_FD: '3' }
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // A terminal sends Ctrl-C to both; the child decides when it is over.
  process.on('SIGINT', () => {})
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

const node = findNode()
buildIfNeeded(node)
if (node !== process.execPath) runChild(node)
else {
  import(BUNDLE).catch((error) => {
    process.stderr.write(`calbox: ${error.stack || error}\n`)
    process.exit(1)
  })
}
