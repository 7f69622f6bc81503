import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { exportOnnx } from '../../../src/exchange/export-onnx.js'
import { MLP, saveModel } from '../../../src/index.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { command } from '../command.js'

const folder = temporaryFolder()

it('export writes a model as ONNX', async () => {
  const [path, out] = ['model.safetensors', 'model.onnx'].map((name) => join(folder, name))
  const model = new MLP({ layers: [4, 3, 2] })
  await saveModel(path, model)
  const { stdout, code } = await command(['export', path, '--out', out])
  expect([code, stdout.trim()]).toEqual([0, out])
  expect(new Uint8Array(readFileSync(out))).toEqual(await exportOnnx(model))
  const failed = await command(['export', join(folder, 'none'), '--out', join(folder, 'none.onnx')])
  expect(failed.stderr).toMatch(/none/)
  expect([failed.code !== 0, existsSync(join(folder, 'none.onnx'))]).toEqual([true, false])
})
