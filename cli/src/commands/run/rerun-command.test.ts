import { expect, test } from 'vitest'
import { quoted } from '../calbox-command.ts'
import { rerunCommand } from './rerun-command.ts'

test('the command has everything that changes the run, and no secret', () => {
  const options = {
    seed: '42',
    timeout: 60,
    e2eMode: true,
    authUsername: 'dev',
    authPassword: 'secret',
    apiKey: 'secret',
    remoteNode: { far: 'https://me:secret@host/x?y=1' },
    remoteAuth: { far: { method: 'password', username: 'u', password: 'secret' } },
  } as const
  expect(rerunCommand('npx calbox', "my file's.yml", options, quoted)).toBe(
    "npx calbox run 'my file'\\''s.yml' --e2e-mode --seed 42 --timeout 60 --auth-username dev --auth-password '…' " +
      "--api-key '…' --remote-node 'far=https://…@host/x?y=1' --remote-auth 'far=u:…'",
  )
  expect(rerunCommand('calbox', '-x.yml', {}, quoted)).toBe('calbox run ./-x.yml')
})

test('of a matrix the command names the combination', () => {
  const matrix = { mode: 'burst load', count: '3' }
  expect(rerunCommand('calbox', 'm.yml', { seed: '1', matrix }, quoted)).toBe(
    "calbox run m.yml --matrix 'mode=burst load' --matrix count=3 --seed 1",
  )
})

test('of a swarm the command says where its nodes may be, and whether all may use them', () => {
  const options = {
    driver: 'docker',
    swarm: true,
    swarmOpen: true,
    swarmConstraint: ['node.role==worker', 'a!=b'],
  } as const
  expect(rerunCommand('calbox', 's.yml', options, quoted)).toBe(
    "calbox run s.yml --swarm --swarm-open --driver docker --swarm-constraint node.role==worker --swarm-constraint 'a!=b'",
  )
})
