import { PNG } from 'pngjs'
import { describe, expect, it } from 'vitest'
import { confusionMatrixFigure, renderFigure } from '../../../src/plot/index.js'
import { composePage } from '../../../src/plot/page/page.js'
import { rasterise } from '../../../src/plot/page/raster.js'
import { textWidth } from '../../../src/plot/page/text.js'
import { ink, lastInk } from '../drawing.js'

const HOSTILE = '<b>"1 & 2"</b>\n]]> \u0000\ud800 → é'

describe('figure', () => {
  it('draws text with the packaged font, as wide as it is measured', async () => {
    for (const title of ['Loss of 1,638 steps (7 epochs)', 'WWWWiiii.,;|mmm', 'the quick brown fox 0123456789']) {
      const figure = composePage({ title, subtitle: title, body: '', bodyWidth: 500, bodyHeight: 10 })
      const image = PNG.sync.read(Buffer.from(await figure.png(1)))
      const right = lastInk(image, 40, 12)
      expect(Math.abs(right - (16 + textWidth(title, 12))), title).toBeLessThan(3)
      expect(lastInk(image, 16, 18) - 16).toBeLessThanOrEqual(textWidth(title, 16, true) + 1)
    }
  })

  it('is drawn at twice its size by default', async () => {
    const figure = composePage({ title: 'A', body: '', bodyWidth: 10, bodyHeight: 10 })
    const sizes = [figure.png(), figure.png(0.5), renderFigure(figure).then(({ png }) => png)]
    const widths = (await Promise.all(sizes)).map((png) => PNG.sync.read(Buffer.from(png)).width)
    expect(widths).toEqual([2 * figure.width, figure.width / 2, 2 * figure.width])
    await expect(figure.png(0)).rejects.toThrow('scale: expected a number from 0.05 to 8, got 0')
    await expect(figure.png(Number.NaN)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('stays well-formed whatever the texts contain', async () => {
    const figure = await confusionMatrixFigure(
      [
        [3, 1],
        [0, 2],
      ],
      {
        title: HOSTILE,
        subtitle: HOSTILE,
        classNames: [HOSTILE, ''],
      },
    )
    const image = PNG.sync.read(Buffer.from(await figure.png(1)))
    expect(ink(image, 0, 0, image.width, image.height)).toBeGreaterThan(1000)
    await expect(rasterise('<svg xmlns="http://www.w3.org/2000/svg"><text>a & b</text></svg>', 1)).rejects.toThrow(
      'svg: cannot be drawn as PNG',
    )
  })

  it('wraps long titles and shortens words that cannot be wrapped', async () => {
    const long = composePage({ title: 'word '.repeat(60), body: '', bodyWidth: 10, bodyHeight: 10 })
    expect([...long.svg.matchAll(/<text/g)].length).toBeGreaterThan(5)
    const one = composePage({ title: 'x'.repeat(500), body: '', bodyWidth: 10, bodyHeight: 10 })
    expect(one.svg).toMatch(/x{20,60}…<\/text>/)
  })
})
