// What the code written by the transform calls. Not for applications.

export { abort } from './abort'
export {
  answer,
  answerNull,
  answerResult,
  applyDelta,
  Args,
  begin,
  beginInit,
  closeDocument,
  Document,
  finish,
  finishInit,
  openDocument,
} from './call'
export { timeNow } from './environment'
export { member, writeJson } from './json'
export { Json } from './json-value'
export { JsonWriter } from './json-writer'
