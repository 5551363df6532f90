// What the system says of this process. Linux tells it in files; elsewhere there is the memory alone.
import { readdir, readFile } from 'node:fs/promises'
import type { Figure } from './figure.ts'

const KIB = 1024

export async function processFigures(): Promise<Figure[]> {
  const resident = 'process_resident_memory_bytes'
  const help = 'Memory of this process in the machine'
  // The engine keeps pages that it has had: what is in use tells whether memory is given back.
  const { heapUsed, external } = process.memoryUsage()
  const heap = {
    name: 'calnode_heap_used_bytes',
    help: 'Objects and buffers of the main thread',
    value: heapUsed + external,
  }
  try {
    const [status, open] = await Promise.all([readFile('/proc/self/status', 'utf8'), readdir('/proc/self/fd')])
    const lineOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    return [
      { name: resident, help, value: lineOf('VmRSS') * KIB },
      { name: 'process_virtual_memory_bytes', help: 'Addresses of this process', value: lineOf('VmSize') * KIB },
      { name: 'process_threads', help: 'Threads of this process', value: lineOf('Threads') },
      heap,
      { name: 'process_open_fds', help: 'Files and sockets that this process has open', value: open.length },
    ]
  } catch {
    // No such files: another system.
    return [{ name: resident, help, value: process.memoryUsage.rss() }, heap]
  }
}
