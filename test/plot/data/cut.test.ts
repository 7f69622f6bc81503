import { expect, it } from 'vitest'
import { cutBelow, cutOutside } from '../../../src/plot/data/cut.js'

it('cutBelow ends a curve where it crosses the floor', () => {
  const point = (step: number, value: number) => ({ step, value })
  const cut = cutBelow([point(0, 0.5), point(10, 1), point(20, 0.8), point(30, Number.NaN), point(40, 0.95)], 0.9)
  const cutPoints = [point(0, Number.NaN), point(8, 0.9), point(10, 1), point(15, 0.9), point(20, Number.NaN)]
  expect(cut.map(({ step, value }) => point(Math.round(step), value))).toEqual([
    ...cutPoints,
    point(30, Number.NaN),
    point(40, 0.95),
  ])
})

it('cutOutside ends a curve where it leaves the range', () => {
  const points = [0, 4, 1, -3, 1].map((value, step) => ({ step, value }))
  const cut = cutOutside(points, [-1, 2])
  expect(cut.filter(({ value }) => !Number.isNaN(value)).map(({ step, value }) => [step, value])).toEqual([
    [0, 0],
    [0.5, 2],
    [expect.closeTo(5 / 3, 9), 2],
    [2, 1],
    [2.5, -1],
    [3.5, -1],
    [4, 1],
  ])
})
