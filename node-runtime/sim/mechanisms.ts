// What the simulator is to exercise and the node cannot do yet: the generator leaves it out, and the coverage report says
// so instead of claiming it. Take a line away when the node has it.

/** Why each is missing; undefined when it is there. */
export const ABSENT_MECHANISMS: {
  readonly checkpoints: string | undefined
} = {
  checkpoints: 'no stable frontier, checkpoint or snapshot of a running context yet',
}
