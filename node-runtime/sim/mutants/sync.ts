// Bugs in what nodes ask of each other.
import type { Mutant } from './mutant.ts'

export const SYNC: readonly Mutant[] = [
  {
    name: 'only-what-waits-is-pulled',
    file: 'sync/rounds.ts',
    find: 'this.choose(topic, isWaiting ? ROUND_PEERS_MAX : 1)',
    replace: 'this.choose(topic, isWaiting ? ROUND_PEERS_MAX : 0)',
    why: 'who lacks the newest deltas waits for nothing and asks nobody',
    breaks: 'I4',
    needs: 'unheard',
    chosenFrom: 'history',
  },
  {
    name: 'contexts-are-for-the-whole-namespace',
    file: 'sync/answering.ts',
    find: 'if (!directory.mayRead(id, asker))',
    replace: 'if (!directory.namespaceOf(id)?.hasMember(asker))',
    why: 'who has lost a context, or never had it, and is still in the namespace is given its deltas, base and snapshot',
    breaks: 'I7',
    needs: 'removal',
    chosenFrom: 'source',
  },
  {
    name: 'state-trees-are-for-everybody',
    file: 'sync/answering.ts',
    find: 'const context = await this.#context(asker, request.contextId)\n        return this.#trees',
    replace: `const context = await this.#parts.directory.context(request.contextId)
        if (!context) throw new Refusal('unknown', 'this context is not here')
        return this.#trees`,
    why: 'whoever has heard a root reads the keys and the hashes of the values beneath it',
    breaks: 'I7',
    needs: 'removal',
    chosenFrom: 'source',
  },
  {
    name: 'snapshots-are-for-everybody',
    file: 'sync/answering.ts',
    find: 'const context = await this.#context(asker, request.contextId)\n    const own',
    replace: `const context = await this.#parts.directory.context(request.contextId)
    if (!context) throw new Refusal('unknown', 'this context is not here')
    const own`,
    why: 'whoever has heard the hash of a checkpoint is given the state',
    breaks: 'I7',
    needs: 'removal',
    chosenFrom: 'source',
  },
  {
    name: 'any-invitation-opens-the-log',
    file: 'sync/answering.ts',
    find: ' && namespace.hasMember(invitation.inviter)',
    replace: '',
    why: 'a stranger invites itself and reads who is in the namespace, and what is done there',
    breaks: 'I7',
    needs: 'prying',
    chosenFrom: 'source',
  },
  {
    name: 'root-is-remembered-without-its-signature',
    file: 'wire/delta.ts',
    find: 'roots.of(concat([root, idBytes(author), signature]),',
    replace: 'roots.of(concat([root, idBytes(author)]),',
    why: 'a false signature over a batch, heard first, makes the genuine one false, and the other way round',
    breaks: 'I7',
    needs: 'spoiling',
    chosenFrom: 'source',
  },
]
