/** Key of the method that Node's console.log calls to format an object; other runtimes ignore it. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom')
