/** Values of every wrong type, by name. Each call makes new ones. */
export function hostileValues(): [name: string, value: unknown][] {
  return [
    ...([undefined, null, true, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY] as const).map(
      (value): [string, unknown] => [String(value), value],
    ),
    ['1n', 1n],
    ['a symbol', Symbol('hostile')],
    ['an empty string', ''],
    ['a string', '/dev/null/hostile'],
    ['an empty object', {}],
    ['an object without a prototype', Object.create(null)],
    ['an empty list', []],
    ['a list of a bigint', [1n]],
    ['a list of null', [null]],
    ['a list of a symbol', [Symbol('hostile')]],
    ['a function', () => undefined],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a promise', Promise.resolve()],
    ['a web address', new URL('https://example.com/model')],
    ['a buffer', Buffer.from('/dev/null/hostile')],
    ['a Float64Array', new Float64Array(3)],
    ['a Uint16Array', new Uint16Array(3)],
    ['a BigInt64Array', new BigInt64Array(3)],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a proxy that throws', throwingProxy({})],
    ['a proxy of a list that throws', throwingProxy([])],
    ['a proxy of a function that throws', throwingProxy(() => undefined)],
    ['a revoked proxy', revokedProxy()],
    ['an object whose getters throw', withThrowingGetters(COMMON)],
  ]
}

/** Members that checks look for. */
const COMMON = [
  ...['length', 'name', 'then', 'toString', 'valueOf', 'toJSON', 'constructor', 'href', 'layers', 'values', 'rows'],
  ...['trial', 'state', 'config', 'rule', 'best', 'format', 'data', 'train', 'aborted', 'write', 'svg', 'weights'],
]

/** An object with these members, none of which can be read. */
export function withThrowingGetters(names: readonly string[]): object {
  const get = () => {
    throw new TypeError('a getter throws')
  }
  return Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, { get, enumerable: true }])))
}

function throwingProxy(target: object): unknown {
  const trap = () => {
    throw new RangeError('a proxy throws')
  }
  return new Proxy(target, new Proxy({}, { get: () => trap }))
}

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
