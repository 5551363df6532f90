// What the checkers cannot be told, because that is what is wrong: a violation of the one that would have asked.
export class Unanswered extends Error {
  readonly checker: string

  constructor(checker: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.checker = checker
  }
}
