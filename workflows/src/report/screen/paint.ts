// How parts of a text are told apart; colours come from whoever has a terminal.

export interface Paint {
  readonly bad: (text: string) => string
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
  readonly place: (text: string) => string
}

export const plainPaint: Paint = {
  bad: (text) => text,
  strong: (text) => text,
  faint: (text) => text,
  place: (text) => text,
}
