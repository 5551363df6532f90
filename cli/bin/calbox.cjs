#!/usr/bin/env node
'use strict'
// The launcher: plain CommonJS that any Node.js understands. It finds a Node.js 24, builds a checkout that was not built
// (where install scripts are disabled), and hands over. Kept free of dependencies: it runs before anything else.
const fs = require('node:fs')
const { createRequire, enableCompileCache, getCompileCacheDir } = require('node:module')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const vm = require('node:vm')

const NEEDED = 24
const ROOT = path.join(__dirname, '..')
const [COMMAND, ...GIVEN] = process.argv.slice(2)
/** With names of files only, `validate` is a program of its own, which needs none of the other commands. */
const IS_VALIDATE = COMMAND === 'validate' && !GIVEN.some((file) => file.startsWith('-'))
const BUNDLE = path.join(ROOT, 'dist', IS_VALIDATE ? 'validate.cjs' : 'calbox.js')
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

/** The files that became `validate`, as the build noted them: a third of all, and no folder to look through. */
function inputsOfValidate() {
  try {
    return JSON.parse(fs.readFileSync(path.join(ROOT, 'dist/.stamp'), 'utf8')).inputs.validate
  } catch {
    // No build yet, or one that notes nothing: all sources are looked at.
    return undefined
  }
}

/**
 * Stamps are as old as the sources that were built: what is newer may have changed since, and only then it is worth to
 * read all of it. The build does so, and goes by content.
 */
function isBuilt() {
  // Not `path.join`: for hundreds of names that are plain it takes longer than to ask the disk.
  const inCheckout = (place) => `${CHECKOUT}/${place}`
  const readsOnly = READS_ONLY.has(COMMAND)
  const stamps = ['cli/dist/.stamp', ...(readsOnly ? [] : ['node-runtime/dist/.stamp'])]
  const builtMs = Math.min(...stamps.map(inCheckout).map(changedMs))
  if (builtMs === 0 || !fs.existsSync(BUNDLE)) return 'never'
  const inputs = IS_VALIDATE ? inputsOfValidate() : undefined
  if (inputs !== undefined) {
    const isOld = (place) => {
      const ms = changedMs(inCheckout(place))
      return ms > 0 && ms <= builtMs
    }
    return inputs.every(isOld) ? 'yes' : 'perhaps'
  }
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

/** As npx-end.ts of the child, whose parent is this process. */
function onNpxEnd(ended) {
  if (process.env.npm_lifecycle_event !== 'npx') return
  const parent = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    ended()
  }, 250)
}

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
  onNpxEnd(() => child.kill('SIGTERM'))
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** Runs after which what V8 made of a program is kept once more: each file asks for functions that others did not need. */
const KEPT_RUNS = 4
const HEADER_BYTES = 128
/** A run is over before better code has paid for itself, with thousands of steps too. What was damaged on disk is not run. */
const V8_SETTINGS = ['--no-opt', '--no-maglev', '--verify-snapshot-checksum']

/**
 * A program of one file, with what V8 made of it in earlier runs. Node's own cache holds what is compiled before the first
 * line runs; this one all that was called: a quarter of the CPU of a run.
 */
function runWhole(file) {
  // Before there is a folder: it is one of this V8 with these settings.
  for (const setting of V8_SETTINGS) require('node:v8').setFlagsFromString(setting)
  enableCompileCache()
  const folder = getCompileCacheDir()
  // Of this very file: V8 itself compares no more than lengths.
  const { size, mtimeMs, ctimeMs, ino } = fs.statSync(file)
  const identity = [size, mtimeMs, ctimeMs, ino].join(' ')
  const cache = folder && path.join(folder, `calbox-${file.replace(/[^\w.-]/g, '-').slice(-150)}`)
  const kept = cache && readKept(cache, identity)
  const script = new vm.Script(fs.readFileSync(file, 'utf8'), { filename: file, cachedData: kept?.data })
  const runs = kept === undefined || script.cachedDataRejected ? 0 : kept.runs
  if (cache && runs < KEPT_RUNS) {
    const keep = () => writeKept(cache, `${identity}\n${runs + 1}\n`, script.createCachedData())
    // A file with problems, or none, has called little.
    process.on('exit', (code) => code === 0 && keep())
  }
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(file), module)
}

/** Undefined: nothing, or of another file. */
function readKept(cache, identity) {
  try {
    const bytes = fs.readFileSync(cache)
    const [of, runs] = bytes.toString('latin1', 0, HEADER_BYTES).split('\n')
    return of === identity ? { runs: Number(runs), data: bytes.subarray(HEADER_BYTES) } : undefined
  } catch {
    // Not there yet.
    return undefined
  }
}

function writeKept(cache, header, data) {
  const temporary = `${cache}.${process.pid}`
  try {
    fs.writeFileSync(temporary, Buffer.concat([Buffer.from(header.padEnd(HEADER_BYTES)), data]))
    fs.renameSync(temporary, cache)
  } catch {
    // No place for it: the next run takes the time that this one took.
    fs.rmSync(temporary, { force: true })
  }
}

function start() {
  const node = findNode()
  // A child of ours: its parent has looked.
  if (process.env[PIPE] === undefined) buildIfNeeded(node)
  if (node !== process.execPath) return runChild(node)
  if (IS_VALIDATE) return runWhole(BUNDLE)
  // Before the bundle is read, or it is not in the cache itself.
  enableCompileCache()
  import(pathToFileURL(BUNDLE).href).catch((error) => {
    process.stderr.write(`calbox: ${error.stack || error}\n`)
    process.exit(1)
  })
}

// Needs neither another Node.js nor the bundle: half the work of an answer from there.
if (GIVEN.length === 0 && (COMMAND === '--version' || COMMAND === '-V')) {
  const onError = ({ code, message }) => {
    // Whoever read it has enough.
    if (code === 'EPIPE') process.exit(141)
    const what =
      code === 'ENOSPC' ? 'the disk is full; free space, or send it elsewhere' : `${message}; send it elsewhere`
    fail(`cannot write to stdout: ${what}`)
  }
  process.stdout.on('error', onError).write(`${require('../package.json').version}\n`)
} else start()
