// One number of those that are asked for whenever the figures are.
export interface Figure {
  readonly name: string
  readonly help: string
  readonly value: number
  /** The same names wherever the family is told. */
  readonly labels?: Readonly<Record<string, string>>
  /** It only grows while the node runs. */
  readonly isCount?: boolean
}
