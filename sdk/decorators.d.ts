// For editors only: the decorators the transform understands. The compiler needs no import for them.

/** The application: its fields are the state, its public methods the calls. One class, in the entry file. */
declare function app(target: new (...args: never[]) => object): void
/** A method that changes nothing. The SDK refuses changes and events in it. */
declare function view(target: object, name: string): void
/** A class that has a JSON form: its fields. */
declare function json(target: new (...args: never[]) => object): void
/** A class that can be told by `emit`; it has a JSON form too. */
declare function event(target: new (...args: never[]) => object): void
