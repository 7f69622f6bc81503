import { randomStream } from '../../src/core/random.js'

/** Rows of two numbers, a category and missing cells, whose class and price follow from them with little noise. */
export function houses(
  n: number,
  seed = 1,
): { size: number | null; age: number; city: string | null; dear: boolean; price: number }[] {
  const random = randomStream(seed, 'houses')
  return Array.from({ length: n }, () => {
    const [size, age] = [50 + 150 * random.next(), 80 * random.next()]
    const city = ['Bern', 'Chur', 'Genf'][random.int(3)]
    const price = 3000 * size - 2000 * age + (city === 'Genf' ? 200_000 : 0) + 5000 * random.normal()
    return {
      size: random.next() < 0.05 ? null : size,
      age,
      city: random.next() < 0.05 ? null : city,
      dear: price > 350_000,
      price,
    }
  })
}
