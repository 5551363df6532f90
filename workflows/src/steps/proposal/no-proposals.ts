export const NO_PROPOSALS = 'nodes have no proposals any more; delete this step'
