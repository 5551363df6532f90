// Counts the bytes that are asked for while an input is decoded: the allocators of this process, wrapped. A length that
// is believed before it is compared with the input shows here, however little of the memory is ever touched.

export interface Meter {
  /** Bytes asked for since the last call. */
  take(): number
  restore(): void
}

type Allocate = (size: number, ...rest: never[]) => Buffer

export function installMeter(): Meter {
  let asked = 0
  const count = (size: unknown) => {
    if (typeof size === 'number') asked += size
    else if (ArrayBuffer.isView(size)) asked += size.byteLength
    else if (Array.isArray(size) || typeof size === 'string') asked += size.length
  }
  const { alloc, allocUnsafe, allocUnsafeSlow, from, concat } = Buffer
  const counted =
    (allocate: Allocate): Allocate =>
    (size, ...rest) => {
      count(size)
      return allocate(size, ...rest)
    }
  const Plain = globalThis.Uint8Array
  const arrayFrom = Array.from
  Object.assign(Buffer, {
    alloc: counted(alloc as Allocate),
    allocUnsafe: counted(allocUnsafe as Allocate),
    allocUnsafeSlow: counted(allocUnsafeSlow as Allocate),
    from: (what: never, ...rest: never[]) => {
      count(what)
      return from(what, ...rest)
    },
    concat: (list: readonly Uint8Array[], length?: number) => {
      for (const part of list) asked += part.byteLength
      return concat(list, length)
    },
  })
  globalThis.Uint8Array = new Proxy(Plain, {
    construct(target, args: unknown[], newTarget) {
      if (!(args[0] instanceof ArrayBuffer)) count(args[0])
      return Reflect.construct(target, args, newTarget) as object
    },
  })
  Array.from = ((...args: [{ readonly length?: number }]) => {
    if (typeof args[0].length === 'number') asked += 8 * args[0].length
    return Reflect.apply(arrayFrom, Array, args) as unknown[]
  }) as typeof Array.from
  return {
    take() {
      const taken = asked
      asked = 0
      return taken
    },
    restore() {
      Object.assign(Buffer, { alloc, allocUnsafe, allocUnsafeSlow, from, concat })
      globalThis.Uint8Array = Plain
      Array.from = arrayFrom
    },
  }
}
