import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { PNG } from 'pngjs'
import { randomStream } from '../../src/core/random.js'
import { encodeNpy } from '../../src/formats/npy.js'
import { ROOT } from './source-graph.js'

const text = readFileSync(join(ROOT, 'docs', 'cookbook.md'), 'utf8')

/** The blocks of the recipe under a heading of docs/cookbook.md. */
export function recipe(heading: string): { readonly programs: string[]; readonly commands: string[][] } {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`no recipe '${heading}'`)
  const blocks = (language: string) =>
    [...section.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block)
  const lines = blocks('sh').flatMap((block) => block.trim().split('\n'))
  return { programs: blocks('ts'), commands: lines.map((line) => line.split(' ').slice(2)) }
}

export const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)

function csv(rows: readonly object[]): string {
  return [Object.keys(rows[0]).join(','), ...rows.map((row) => Object.values(row).join(','))].join('\n')
}

/** A folder in which the package is installed, with the files that the recipes name. */
export function writeFiles(folder: string): void {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules', 'native-mlp'))
  const random = randomStream(1, 'recipes')
  const list = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i))
  const write = (name: string, contents: string | Uint8Array) => writeFileSync(join(folder, name), contents)

  const animals = list(150, (i) => {
    const color = ['red', 'grey', 'white'][random.int(3)]
    const size = Number((8 * random.next()).toFixed(2))
    return { size: i % 11 === 5 ? '' : size, color, species: size > 5 ? 'dog' : color === 'red' ? 'fox' : 'cat' }
  })
  write('species.csv', csv(animals))
  write('new.csv', csv(animals.slice(0, 9).map(({ size, color }) => ({ size, color }))))
  const houses = list(200, () => {
    const [size, town] = [Math.round(40 + 160 * random.next()), ['Bern', 'Chur'][random.int(2)]]
    return { size, town, price: 3000 * size + (town === 'Bern' ? 90_000 : 0) + Math.round(9000 * random.normal()) }
  })
  write('houses.json', JSON.stringify(houses))
  write('new-houses.json', JSON.stringify(houses.slice(0, 60)))
  const payments = list(300, (i) => {
    const fraud = i % 15 === 0
    const amount = Math.round((fraud ? 400 : 100) * (1 + random.next()))
    return { amount, hour: random.int(24) + random.next(), fraud }
  })
  write('payments.csv', csv(payments))
  write(
    'posts.json',
    JSON.stringify(
      list(150, () => {
        const [length, marks, hour] = [Math.round(200 * random.next()), random.int(5), 24 * random.next()]
        return { length, marks, hour, question: marks > 1, urgent: hour < 8 }
      }),
    ),
  )
  const embeddings = (n: number) => {
    const labels = Int32Array.from({ length: n }, (_, i) => i % 3)
    const data = Float32Array.from(
      { length: n * 16 },
      (_, i) => random.normal() + 3 * Number((i % 16) % 3 === labels[i >> 4]),
    )
    return [encodeNpy({ shape: [n, 16], data }), encodeNpy({ shape: [n], data: labels })]
  }
  const [[x, y], [a, b]] = [embeddings(150), embeddings(60)]
  write('embeddings.npz', zipSync({ 'x_train.npy': x, 'y_train.npy': y, 'x_test.npy': a, 'y_test.npy': b }))
  for (const name of ['day', 'night']) {
    mkdirSync(join(folder, 'photos', name), { recursive: true })
    for (let i = 0; i < 20; i++) {
      const image = new PNG({ width: 12, height: 10 })
      image.data.fill(255)
      for (let p = 0; p < 120; p++) image.data.fill((name === 'day' ? 150 : 20) + random.int(90), 4 * p, 4 * p + 3)
      write(join('photos', name, `${i}.png`), PNG.sync.write(image))
    }
  }
}
