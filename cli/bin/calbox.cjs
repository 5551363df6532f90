#!/usr/bin/env node
'use strict'
// The launcher: plain CommonJS that any Node.js understands. It finds a Node.js 24, builds a checkout that was not built
// (where install scripts are disabled), and hands over. Kept free of dependencies: it runs before anything else.
const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const NEEDED = 24
const ROOT = path.join(__dirname, '..')
const [COMMAND, ...GIVEN] = process.argv.slice(2)
/** With names of files only, `validate` is a program of its own, which needs none of the other commands. */
const IS_VALIDATE = COMMAND === 'validate' && !GIVEN.some((file) => file.startsWith('-'))
const BUNDLE = path.join(ROOT, 'dist', IS_VALIDATE ? 'validate.js' : 'calbox.js')
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

/** What a build reads is in these files, and in the source files below these folders. */
const SOURCE_FILES = [
  'package-lock.json',
  'sdk/asconfig.json',
  'sdk/index.ts',
  'sdk/package.json',
  'scripts/build.ts',
  'scripts/build-apps.ts',
  'scripts/build-output.ts',
  'scripts/bundle.ts',
]
const SOURCE_FOLDERS = ['cli/src', 'workflows/src', 'schemas/src']
/** What nodes and applications are built from: more than half of the files, and nothing to commands that only read workflows. */
const MORE_FOLDERS = ['node-runtime/src', 'apps', 'sdk/assembly', 'sdk/transform']
const READS_ONLY = new Set(['validate', 'lint', 'steps', 'schema', 'completion'])
const SOURCE_NAME = /(?<!\.test)\.(ts|js|mjs|json)$/

/** 0: no such file. */
function changedMs(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Runs before every command: looks at names first, and only asks the disk about sources. */
function newestBelow(folder) {
  let newest = 0
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const { name } = entry
    if (entry.isDirectory()) {
      if (!name.startsWith('.') && name !== 'node_modules') newest = Math.max(newest, newestBelow(`${folder}/${name}`))
    } else if (SOURCE_NAME.test(name)) newest = Math.max(newest, changedMs(`${folder}/${name}`))
  }
  return newest
}

/**
 * Stamps are as old as the sources that were built: what is newer may have changed since, and only then it is worth to
 * read all of it. The build does so, and goes by content.
 */
function isBuilt() {
  const inCheckout = (place) => path.join(CHECKOUT, place)
  const readsOnly = READS_ONLY.has(COMMAND)
  const stamps = ['cli/dist/.stamp', ...(readsOnly ? [] : ['node-runtime/dist/.stamp'])]
  const builtMs = Math.min(...stamps.map(inCheckout).map(changedMs))
  if (builtMs === 0 || !fs.existsSync(BUNDLE)) return 'never'
  const folders = [...SOURCE_FOLDERS, ...(readsOnly ? [] : MORE_FOLDERS)].map(inCheckout).filter(fs.existsSync)
  const changes = [...SOURCE_FILES.map(inCheckout).map(changedMs), ...folders.map(newestBelow)]
  return Math.max(...changes) <= builtMs ? 'yes' : 'perhaps'
}

/** A checkout is built when it never was, or when its sources have changed. Builds take turns by themselves. */
function buildIfNeeded(node) {
  if (!fs.existsSync(BUILD)) {
    if (!fs.existsSync(BUNDLE)) fail(`the package is incomplete: ${BUNDLE} is missing; install it again`)
    return
  }
  const built = isBuilt()
  if (built === 'yes') return
  if (built === 'never') process.stderr.write('calbox: first run of this checkout; building\n')
  const args = built === 'never' ? [BUILD] : [BUILD, '--if-changed']
  const result = require('node:child_process').spawnSync(node, args, {
    cwd: CHECKOUT,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (result.status !== 0) fail(`the build failed; try: node ${BUILD}`)
}

/** In the environment of a child of ours: the descriptor of a pipe that ends with us. */
const PIPE = 'CALBOX_LAUNCHER_FD'

/** Runs the bundle in a child and is its shadow: same signals, same exit. The child ends when the pipe closes. */
function runChild(node) {
  const args = ['--disable-warning=ExperimentalWarning', __filename, ...process.argv.slice(2)]
  const env = { ...process.env, [PIPE]: '3' }
  const child = require('node:child_process').spawn(node, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env,
  })
  // All of them: `kill -INT` of this process alone, as CI cancels a job, reaches the child no other way. A terminal sends
  // Ctrl-C to both, so that the child gets it twice; it takes signals of the same moment for one (main.ts).
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function start() {
  const node = findNode()
  // A child of ours: its parent has looked.
  if (process.env[PIPE] === undefined) buildIfNeeded(node)
  if (node !== process.execPath) return runChild(node)
  // Before the bundle is read, or it is not in the cache itself.
  require('node:module').enableCompileCache()
  import(pathToFileURL(BUNDLE).href).catch((error) => {
    process.stderr.write(`calbox: ${error.stack || error}\n`)
    process.exit(1)
  })
}

// Needs neither another Node.js nor the bundle: half the work of an answer from there.
if (GIVEN.length === 0 && (COMMAND === '--version' || COMMAND === '-V')) {
  process.stdout.write(`${require('../package.json').version}\n`)
} else start()
