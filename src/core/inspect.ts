/** Names the method whose text Node's console.log shows of an object; nothing elsewhere knows it. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom')
