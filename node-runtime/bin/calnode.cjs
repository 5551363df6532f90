#!/usr/bin/env node
'use strict'
// Starts the node. It needs Node.js 24 itself; calbox brings one where the system has an older one.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(`calnode needs Node.js 24 or newer; this is ${process.versions.node}.\n`)
  process.exit(3)
}
import('../dist/calnode.js').catch((error) => {
  process.stderr.write(`calnode: ${error.stack || error}\n`)
  process.exit(1)
})
