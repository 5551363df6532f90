// Run inside of the build: puts the files of the node where the image has them. A checkout keeps chunks of older builds; the
// stamp names those of the last one.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [source, target] = process.argv.slice(2)
const app = join(target, 'app/calnode')
const dist = join(source, 'node-runtime/dist')
const stamp = join(dist, '.stamp')
const files = existsSync(stamp) ? JSON.parse(readFileSync(stamp, 'utf8')).files : readdirSync(dist)
for (const file of files.filter((name) => name.endsWith('.js'))) cpSync(join(dist, file), join(app, 'dist', file))
cpSync(join(source, 'node-runtime/package.json'), join(app, 'package.json'))

const level = 'node_modules/classic-level'
for (const file of ['package.json', 'binding.js', `prebuilds/linux-${process.arch}`]) {
  cpSync(join(source, level, file), join(app, level, file), { recursive: true })
}
cpSync(join(source, 'node_modules/node-gyp-build'), join(app, 'node_modules/node-gyp-build'), { recursive: true })

// Whoever the container runs as may write there when nothing is mounted.
const data = join(target, 'app/data')
mkdirSync(data, { recursive: true })
chmodSync(data, 0o1777)
