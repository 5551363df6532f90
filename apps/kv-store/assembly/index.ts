// A key-value store that its members share: the smallest complete application.

import { emit, errTagged, ok, Result, UnorderedMap } from '@calbox/sdk'

@event class Inserted { constructor(public key: string, public value: string) {} }
@event class Updated { constructor(public key: string, public value: string) {} }
@event class Removed { constructor(public key: string) {} }
@event class Cleared {}

@app class KvStore {
  items: UnorderedMap<string, string>

  set(key: string, value: string): void {
    if (this.items.set(key, value)) emit(new Updated(key, value))
    else emit(new Inserted(key, value))
  }

  @view get(key: string): string | null {
    return this.items.get(key)
  }

  /** Like get; a missing key is an error that the caller can tell from others. */
  @view get_result(key: string): Result<string> {
    const value = this.items.get(key)
    return value === null ? errTagged<string, string>('NotFound', key) : ok<string>(value)
  }

  /** Like get; a missing key ends the call as a panic. */
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
    emit(new Removed(key))
    return this.items.remove(key)
  }

  clear(): void {
    emit(new Cleared())
    this.items.clear()
  }
}
