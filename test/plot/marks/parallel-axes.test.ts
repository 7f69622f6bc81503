import { expect, it } from 'vitest'
import { withoutOverlap } from '../../../src/plot/marks/parallel-axes.js'

it('withoutOverlap keeps a distance', () => {
  const at = (ys: number[]) => ys.map((y) => ({ y }))
  expect(withoutOverlap(at([0, 5, 20, 33, 60]), [62], 14)).toEqual(at([0, 20]))
})
