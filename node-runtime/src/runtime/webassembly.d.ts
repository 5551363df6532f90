// The part of the WebAssembly JavaScript API that the host uses. The compiler ships it with the browser's types only.
declare namespace WebAssembly {
  class Module {
    private constructor()
  }
  class Memory {
    private constructor()
    readonly buffer: ArrayBuffer
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>)
    readonly exports: Readonly<Record<string, unknown>>
  }
  class Exception {
    private constructor()
  }
  class RuntimeError extends Error {}
  class CompileError extends Error {}
  class LinkError extends Error {}
  function compile(bytes: Uint8Array): Promise<Module>
  function validate(bytes: Uint8Array): boolean
}
