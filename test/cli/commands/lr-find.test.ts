import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { command } from '../command.js'

const folder = temporaryFolder()
const lrFind = (...args: string[]) => command(['lr-find', '--preset', 'quick', '--limit-train', '1000', ...args])

describe('native-mlp lr-find', () => {
  it('draws a range test, prints a suggestion, and writes nothing else', async () => {
    const out = join(folder, 'found')
    const { code, stdout, stderr } = await lrFind('--optimizer', 'adam', '--epochs', '2', '--out', out)
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/^data: .*: 800 training rows$/m) })
    expect(stdout).toMatch(/^steps {6}\d+, learning rate from 0.000001 to [\d.]+(, where the loss diverged)?\n/)
    expect(stdout).toMatch(
      /^suggestion --learning-rate [\d.e-]+: a tenth of the one with the least loss\n {11}[\d.e-]+: where the loss falls fastest$/m,
    )
    expect(readdirSync(out).sort()).toEqual(['learning-rate.png', 'learning-rate.svg'])
    const again = await lrFind('--optimizer', 'adam', '--no-figures')
    expect(again.stdout.split('\n').slice(0, 3)).toEqual(stdout.split('\n').slice(0, 3))
  })

  it('reads tables as train does', async () => {
    const file = join(folder, 'table.csv')
    const rows = Array.from(
      { length: 120 },
      (_, i) => `${i % 7},${['u', 'v', 'w'][i % 3]},${2 * (i % 7) + (i % 3) + i / 1000}`,
    )
    writeFileSync(file, ['a,b,price', ...rows].join('\n'))
    const { code, stdout } = await command(['lr-find', file, '--target', 'price', '--no-figures', '--json'])
    expect(code).toBe(0)
    const { layers, preset, optimizer, suggestion } = JSON.parse(stdout)
    expect({ layers, preset, optimizer }).toMatchObject({
      layers: [4, 64, 64, 1],
      preset: 'general',
      optimizer: { name: 'adamW' },
    })
    expect(suggestion).toBeGreaterThan(0)
  })

  it('prints JSON, for a range of its own', async () => {
    const { code, stdout } = await lrFind('--from', '1e-3', '--to', '0.5', '--steps', '20', '--no-figures', '--json')
    expect(code).toBe(0)
    const found = JSON.parse(stdout)
    expect(found).toMatchObject({ preset: 'quick', layers: [784, 64, 10], diverged: false, figures: [] })
    expect(found.steps).toHaveLength(20)
    expect(found.steps[0].learningRate).toBe(0.001)
    expect(found.suggestion).toBe(found.minimumTenth)
  })

  it.each([
    [['--from', 'x'], '--from: expected a number, got "x"'],
    [['--from', '2', '--to', '1'], '--from: expected a number > 0 and < to (1), got 2'],
    [['--steps', '3'], '--steps: expected an integer >= 10, got 3'],
    [['--optimizer', 'adamW', '--to', '1e9'], '--to: expected less than 1 / weightDecay (100), got 1000000000'],
    [['--optimizer', 'adan'], "--optimizer: expected one of 'sgd'"],
  ])('refuses %j', async (flags, message) => {
    const out = join(folder, 'none')
    const { code, stderr } = await lrFind(...flags, '--out', out)
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
    expect(existsSync(out)).toBe(false)
  })
})
