// A shared key-value store whose events name handlers: every other member runs the handler once per event,
// after it has applied the change, and counts that.

import { Counter, emitWithHandler, errTagged, log, ok, Result, UnorderedMap } from '@calbox/sdk'

@event class Inserted { constructor(public key: string, public value: string) {} }
@event class Updated { constructor(public key: string, public value: string) {} }
@event class Removed { constructor(public key: string) {} }
@event class Cleared {}

@app class KvStoreWithHandlers {
  items: UnorderedMap<string, string>
  handler_counter: Counter

  set(key: string, value: string): void {
    if (this.items.set(key, value)) emitWithHandler(new Updated(key, value), 'update_handler')
    else emitWithHandler(new Inserted(key, value), 'insert_handler')
  }

  @view get(key: string): string | null {
    return this.items.get(key)
  }

  @view get_result(key: string): Result<string> {
    const value = this.items.get(key)
    return value === null ? errTagged<string, string>('NotFound', key) : ok<string>(value)
  }

  @view get_unchecked(key: string): string {
    const value = this.items.get(key)
    if (value === null) throw new Error('key not found')
    return value
  }

  @view entries(): Map<string, string> {
    return this.items.entries()
  }

  @view len(): i32 {
    return this.items.len()
  }

  remove(key: string): string | null {
    emitWithHandler(new Removed(key), 'remove_handler')
    return this.items.remove(key)
  }

  clear(): void {
    emitWithHandler(new Cleared(), 'clear_handler')
    this.items.clear()
  }

  insert_handler(key: string, value: string): void {
    this.count('insert_handler: ' + key + ' = ' + value)
  }

  update_handler(key: string, value: string): void {
    this.count('update_handler: ' + key + ' = ' + value)
  }

  remove_handler(key: string): void {
    this.count('remove_handler: ' + key)
  }

  clear_handler(): void {
    this.count('clear_handler')
  }

  /** How often handlers ran, over all members together. */
  @view get_handler_execution_count(): u64 {
    return this.handler_counter.value()
  }

  private count(message: string): void {
    log(message)
    this.handler_counter.increment()
  }
}
