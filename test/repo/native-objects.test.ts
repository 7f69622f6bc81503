import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './source-graph.js'

const objects = join(ROOT, 'build/Release/obj.target/native_mlp/native')
const tool = (name: string, args: string[]) =>
  execFileSync(name, args, { encoding: 'utf8', maxBuffer: 512 * 1024 * 1024 })
const objectsIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.o'))
    .map((name) => join(folder, name))

// Where node-gyp has not compiled anything, or not for ELF, there are no such objects to read.
const readable = process.platform === 'linux' && existsSync(objects) && spawnSync('nm', ['-V']).status === 0

describe.skipIf(!readable)('the objects of the addon', () => {
  it('export nothing from an instruction set but its table, which the linker could take for everybody', () => {
    const kernels = objectsIn(join(objects, 'kernels'))
    expect(kernels.length).toBeGreaterThan(3)
    for (const file of kernels) {
      const symbols = tool('nm', ['-C', '--defined-only', '--extern-only', file]).trim().split('\n')
      expect(symbols).toHaveLength(1)
      expect(symbols[0]).toMatch(new RegExp(`^\\w+ T mlp::${basename(file, '.o')}_(kernels|lists)\\(\\)$`))
    }
  })

  it.skipIf(process.arch !== 'x64')('use wide registers nowhere outside the instruction sets', () => {
    const wide = (file: string) => /%[yz]mm\d/.test(tool('objdump', ['-d', '--no-show-raw-insn', file]))
    const drivers = objectsIn(objects)
    expect(drivers.length).toBeGreaterThan(5)
    expect(drivers.filter(wide)).toEqual([])
    expect(wide(join(objects, 'kernels/avx2.o'))).toBe(true)
  })
})
