// Real containers; what a script sees, and what is left of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packedImage } from '../image/image-archive.ts'
import { LABEL_STATE, labelled } from '../labels.ts'
import { describeWithEngine } from '../testing/engine-under-test.ts'
import { type ContainerScriptsOptions, openContainerScripts } from './container-scripts.ts'
import { shellFiles } from './shell-files.ts'

describeWithEngine('scripts in containers', (under) => {
  describe('scripts in containers', () => {
    let dir: string
    const { signal } = new AbortController()

    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'calbox-scripts-'))
    })
    afterEach(async () => {
      await under.removeAll(dir)
      rmSync(dir, { recursive: true, force: true })
    })

    const open = (more: Partial<ContainerScriptsOptions> = {}) => {
      const { address, calnode } = under
      return openContainerScripts({ calnode, stateDir: dir, address: async () => address, env: {}, ...more })
    }
    const write = (text: string) => {
      const file = join(dir, 'run.sh')
      writeFileSync(file, text)
      return file
    }
    const left = async () => {
      const filters = labelled(`${LABEL_STATE}=${dir}`)
      return under.engine.json('GET', '/containers/json', { query: { all: true, filters } })
    }

    test('it runs beside the program of the node, with the shell and tools of this machine, and says all in its order', async () => {
      const lines = ['pwd', 'echo "$1-$2" | sed s/x/y/', 'echo err >&2', 'echo ü', 'command -v calnode', 'exit 7']
      let output = ''
      const onOutput = (text: string) => {
        output += text
      }
      await open().check({ signal })
      const script = { file: write(lines.join('\n')), args: ['x', 'b c'], onOutput }
      expect(await open().run(script, { signal })).toBe(7)
      expect(output).toBe('/tmp\ny-b c\nerr\nü\n/usr/local/bin/calnode\n')
      expect(await left()).toEqual([])
    })

    test('an interrupted one is gone at once', async () => {
      const interrupt = new AbortController()
      const onOutput = (text: string) => {
        if (text.includes('begun')) interrupt.abort(new Error('stop'))
      }
      const script = { file: write('echo begun; sleep 1000'), args: [], onOutput }
      await expect(open().run(script, { signal: interrupt.signal })).rejects.toThrow('stop')
      expect(await left()).toEqual([])
    })

    test('an image that a file names is run as it is, where that is asked for', async () => {
      const name = `calbox-test-script:${under.runId.toLowerCase()}`
      const { stream } = await packedImage([await shellFiles()], {
        tags: [name],
        configOf: (ids) => ({
          ...{ architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux' },
          config: { Env: ['PATH=/usr/bin', 'FROM_IMAGE=yes'] },
          rootfs: { type: 'layers', diff_ids: ids.map((id) => `sha256:${id}`) },
        }),
      })
      await under.engine.progress('POST', '/images/load', { query: { quiet: true }, archive: stream })
      let output = ''
      const onOutput = (text: string) => {
        output += text
      }
      const script = { file: write('echo "$FROM_IMAGE"'), args: [], onOutput, image: { name, pull: false } }
      try {
        expect(await open({ imageAsWritten: true }).run(script, { signal })).toBe(0)
        expect(await open().run(script, { signal })).toBe(0)
        expect(output).toBe('yes\n\n')
      } finally {
        await under.engine.json('DELETE', `/images/${name}`)
      }
      const unknown = { ...script, image: { name: 'registry.invalid/x:1', pull: false } }
      const refused = open({ imageAsWritten: true }).run(unknown, { signal })
      await expect(refused).rejects.toMatchObject({ code: 'IMAGE_UNUSABLE' })
    })

    test('an image of calbox that a file names, and that has no shell, gets that of this machine', async () => {
      const [repo, tag] = [`calbox-test-pushed-${process.pid}`, under.runId.toLowerCase()]
      let output = ''
      const onOutput = (text: string) => {
        output += text
      }
      const script = { file: write('calnode --help | grep -c inspect; pwd'), args: [], onOutput }
      // Made where it is not there yet.
      expect(await open().run(script, { signal })).toBe(0)
      await under.engine.json('POST', '/images/calbox/node:latest/tag', { query: { repo, tag } })
      try {
        const named = { ...script, image: { name: `${repo}:${tag}`, pull: false } }
        expect(await open({ imageAsWritten: true }).run(named, { signal })).toBe(0)
        expect(output).toBe('1\n/tmp\n'.repeat(2))
      } finally {
        await under.engine.json('DELETE', `/images/${repo}:${tag}`)
      }
    })

    test('without an engine the check says so', async () => {
      const address = async () => ({ url: `unix://${dir}/none.sock` })
      await expect(open({ address }).check({ signal })).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' })
    })
  })
})
