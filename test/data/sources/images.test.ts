import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { loadData } from '../../../src/data/load.js'
import { parseSpec } from '../../../src/data/spec.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'

const root = temporaryFolder()
let folders = 0

/** Images of one value per pixel, or of a colour, by their path in a new folder. */
async function images(files: Readonly<Record<string, readonly [number, number, number | string]>>): Promise<string> {
  const folder = join(root, `images${folders++}`)
  for (const [name, [height, width, value]] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(join(path, '..'), { recursive: true })
    const pixels = typeof value === 'number' ? Buffer.alloc(height * width, value) : null
    const image =
      pixels === null
        ? sharp({ create: { width, height, channels: 3, background: value as string } })
        : sharp(pixels, { raw: { width, height, channels: 1 } }).toColourspace('b-w')
    await image.toFormat(name.endsWith('.png') ? 'png' : 'jpeg').toFile(path)
  }
  return folder
}

describe('a folder of images', () => {
  it('has a class for each sub-folder', async () => {
    const folder = await images({ 'cat/a.png': [2, 3, 10], 'cat/b.png': [2, 3, 20], 'dog/c.png': [2, 3, 30] })
    writeFileSync(join(folder, 'cat', 'notes.txt'), 'no image')
    const { train, schema, recipe, source } = await loadData(await parseSpec(folder))
    expect(schema).toMatchObject({ inputs: 6, values: 'bytes', imageShape: [2, 3], classNames: ['cat', 'dog'] })
    expect([[...train.labels!], train.values[0], train.values[6], train.values[12]]).toEqual([[0, 0, 1], 10, 20, 30])
    expect(source).toBe(`images in ${folder}`)
    expect((await loadData(recipe)).recipe).toEqual(recipe)
  })

  it('may have training and test images, in colour', async () => {
    const files = { 'a/x.png': [1, 2, '#ff0000'], 'b/y.jpg': [1, 2, '#00ff00'] } as const
    const both = Object.entries(files).flatMap(([name, image]) => [
      [`train/${name}`, image],
      [`test/${name}`, image],
    ])
    const folder = await images(Object.fromEntries(both))
    const { train, test, schema } = await loadData(await parseSpec(folder))
    expect(schema).toMatchObject({ inputs: 6, imageShape: null, classNames: ['a', 'b'] })
    expect([...train.values.slice(0, 6)]).toEqual([255, 0, 0, 255, 0, 0])
    expect([...test!.labels!]).toEqual([0, 1])
    const grey = await loadData({ images: { folder, channels: 'grey' } })
    expect(grey.schema).toMatchObject({ inputs: 2, imageShape: [1, 2] })
  })

  it('names an image of another size, unless all are resized', async () => {
    const folder = await images({ 'a/x.png': [2, 2, 1], 'b/y.png': [2, 3, 2] })
    const path = join(folder, 'b', 'y.png')
    await expect(loadData({ images: { folder } })).rejects.toThrow(
      `${path}: 2 x 3 pixels, the first image has 2 x 2; set size: [height, width] to resize all`,
    )
    const { schema, train } = await loadData({ images: { folder, size: [4, 5] } })
    expect(schema).toMatchObject({ inputs: 20, imageShape: [4, 5] })
    expect([...train.labels!]).toEqual([0, 1])
  })

  it('names what is no image, an unknown class of test images, and an empty folder', async () => {
    const folder = await images({ 'a/x.png': [2, 2, 1], 'b/y.png': [2, 2, 2] })
    writeFileSync(join(folder, 'b', 'z.png'), 'no image')
    await expect(loadData({ images: { folder } })).rejects.toThrow(`${join(folder, 'b', 'z.png')}: cannot be read as`)
    const good = await images({ 'a/x.png': [2, 2, 1], 'b/y.png': [2, 2, 2] })
    const test = await images({ 'c/x.png': [2, 2, 1] })
    await expect(loadData({ images: { folder: good, test } })).rejects.toThrow(
      'a class that the training images do not',
    )
    await expect(loadData({ images: { folder: join(good, 'a') } })).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' })
    await expect(loadData({ images: { folder: join(good, 'z') } })).rejects.toMatchObject({ code: 'FILE_SYSTEM' })
  })
})
