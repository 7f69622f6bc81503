import { integerInRange, oneOf } from '../core/checks.js'
import { invalidArgument } from '../core/errors.js'
import { checkInit, type Init } from '../model/initializers.js'
import { MAX_LAYER_SIZE, MAX_LAYERS } from '../model/layer-sizes.js'
import { type Kind, readNumber, readNumbers, real } from './hyper-parameter.js'
import { SMALLEST_EPSILON } from './rule-checks.js'

export const SET_NAMES = ['train', 'valid', 'test'] as const
export type SetName = (typeof SET_NAMES)[number]

export const sizes: Kind<number | readonly number[]> = {
  check(name, value) {
    const checkSize = (where: string, size: unknown) => integerInRange(where, size, 1, MAX_LAYER_SIZE)
    if (Array.isArray(value) && value.length >= MAX_LAYERS) {
      throw invalidArgument(name, `fewer than ${MAX_LAYERS} hidden layers`, value)
    }
    return Array.isArray(value) ? value.map((size, i) => checkSize(`${name}[${i}]`, size)) : checkSize(name, value)
  },
  argument: '<sizes>',
  // 128x64 is the form of results.csv
  read: (text) => (text === 'none' ? [] : readNumbers(text.replace(/(?<=\d)x(?=\d)/g, ','))),
  write: (value) => hiddenSizes(value).join(',') || 'none',
  label: (value) => readNumber(hiddenSizes(value).join('-') || 'none') as number | string,
}

export const init: Kind<Init> = {
  check: (name, value) => checkInit(value, name),
  argument: '<name>',
  read(text) {
    const [weights, biases, ...more] = readNumbers(text)
    return biases === undefined || more.length > 0 ? text : { weights, biases }
  },
  write: (value) => (typeof value === 'string' ? value : `${value.weights},${value.biases}`),
  label: (value) => (typeof value === 'string' ? value : `weights ${value.weights} biases ${value.biases}`),
}

export const oneOfFolds: Kind<readonly [fold: number, folds: number]> = {
  check(name, value, or = '') {
    if (Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger)) {
      const [fold, folds] = value
      if (folds >= 2 && fold >= 0 && fold < folds) return [fold, folds]
    }
    throw invalidArgument(name, `a fold and the number of folds, [0, 5] to [4, 5] for five${or}`, value)
  },
  argument: '<i/k>',
  read: (text) => readNumbers(text, '/'),
  write: (value) => value.join('/'),
  label: (value) => value.join('/'),
}

export const setNames: Kind<readonly SetName[]> = {
  check(name, value, or = '') {
    if (!Array.isArray(value)) throw invalidArgument(name, `a list of 'train', 'valid', 'test'${or}`, value)
    return value.map((set, i) => oneOf(`${name}[${i}]`, set, SET_NAMES))
  },
  argument: '<sets>',
  read: (text) => text.split(',').map((name) => name.trim()),
  write: (value) => value.join(','),
  label: (value) => value.join(','),
}

export const classWeights: Kind<'balanced' | readonly number[]> = {
  check(name, value, or = '') {
    if (value === 'balanced') return value
    if (Array.isArray(value) && value.length > 0 && value.every((w) => Number.isFinite(w) && w >= 0)) return [...value]
    throw invalidArgument(name, `'balanced', or numbers >= 0, one for each class${or}`, value)
  },
  argument: '<weights>',
  read: (text) => (text === 'balanced' ? text : readNumbers(text)),
  write: String,
  label: String,
}

export const positive = real('a number > 0', (value) => value > 0)
export const belowOne = real('a number from 0 to below 1', (value) => value >= 0 && value < 1)
export const addend = real(`a number >= ${SMALLEST_EPSILON}`, (value) => value >= SMALLEST_EPSILON)
export const fraction = real('a number between 0 and 1', (value) => value > 0 && value < 1)
export const share = real('a number above 0 and at most 1', (value) => value > 0 && value <= 1)
export const cycleCount = {
  ...real('an integer from 1 to 20', (n) => Number.isInteger(n) && n >= 1 && n <= 20),
  argument: '<n>',
}
export const degrees = real('a number from 0 to 180', (value) => value >= 0 && value <= 180)
export const slant = real('a number from 0 to 1', (value) => value >= 0 && value <= 1)
export const pixels = real('a number from 0 to 1000', (value) => value >= 0 && value <= 1000)
export const width = real('a number from 0.5 to 100', (value) => value >= 0.5 && value <= 100)
export const margin = real('a number >= 0', (value) => value >= 0)

/** Sizes of the hidden layers. */
export function hiddenSizes(hidden: number | readonly number[]): readonly number[] {
  return typeof hidden === 'number' ? [hidden] : hidden
}
