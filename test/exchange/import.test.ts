import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { createJsBackend } from '../../src/backend/js/index.js'
import { ACTIVATIONS } from '../../src/core/types.js'
import { exportOnnx } from '../../src/exchange/export-onnx.js'
import { importOnnx } from '../../src/exchange/import-onnx.js'
import { importSklearn } from '../../src/exchange/import-sklearn.js'
import { importTorch } from '../../src/exchange/import-torch.js'
import { exportJson, importJson } from '../../src/exchange/model-json.js'
import { encodeOnnx, type OnnxNode, type OnnxTensor, TYPE } from '../../src/exchange/onnx-messages.js'
import { encodeNpy } from '../../src/formats/npy.js'
import { encodeSafetensors } from '../../src/formats/safetensors.js'
import { encodeModel } from '../../src/io/model-bytes.js'
import { MLP, type MLPOptions } from '../../src/model/mlp.js'
import { learnTable } from '../../src/table/learn.js'
import { table } from '../../src/table/rows.js'
import { temporaryFolder } from '../formats/temporary-folder.js'

const backend = createJsBackend()
const folder = temporaryFolder()
const floats = (length: number, factor = 0.1) =>
  Float32Array.from({ length }, (_, i) => (((i * 7919) % 23) - 11) * factor)

/** Nodes of a graph as other programs write it. */
function onnx(nodes: readonly Partial<OnnxNode>[], tensors: readonly OnnxTensor[], output: string, inputs = ['x']) {
  const value = (name: string) => ({ name, type: { tensorType: { elemType: TYPE.float } } })
  const node = nodes.map((part) => ({
    name: '',
    opType: '',
    domain: '',
    input: [],
    output: [],
    attribute: [],
    ...part,
  }))
  return encodeOnnx({
    ...{ irVersion: 8n, producerName: 'test', producerVersion: '', opsetImport: [{ domain: '', version: 17n }] },
    metadataProps: [],
    graph: { name: 'g', node, initializer: tensors, input: inputs.map(value), output: [value(output)] },
  })
}

const tensor = (name: string, dims: number[], data: Float32Array): OnnxTensor => ({
  ...{ name, dims: dims.map(BigInt), dataType: TYPE.float, floatData: Array.from(data) },
})
const flag = (name: string, i: number) => ({ name, type: 2, i: BigInt(i) })

describe('importOnnx', () => {
  it.each(ACTIVATIONS)('reads what exportOnnx writes: the same bits, activation %s', async (activation) => {
    const model = new MLP({ layers: [4, 5, 6, 3], activation, classNames: ['a', 'b', 'c'], backend })
    const copy = await importOnnx(await exportOnnx(model), { backend })
    expect(copy.parametersDigest()).toBe(model.parametersDigest())
    expect([copy.activation, copy.loss, copy.classNames]).toEqual([activation, 'softmaxCrossEntropy', ['a', 'b', 'c']])
  })

  it.each([
    [{ layers: [4, 3, 1], loss: 'binaryCrossEntropy' }, {}],
    [{ layers: [4, 3, 2], loss: 'binaryCrossEntropy' }, {}],
    [{ layers: [4, 2], loss: 'huber', outputActivation: 'sigmoid' }, { loss: 'huber' }],
    [{ layers: [4, 2, 1], loss: 'meanSquaredError' }, { loss: 'meanSquaredError' }],
  ] as [MLPOptions, object][])('reads the end of %o', async (options, given) => {
    const model = new MLP({ ...options, backend })
    const { loss, outputActivation, layerSizes } = await importOnnx(await exportOnnx(model), { ...given, backend })
    expect({ loss, outputActivation, layers: layerSizes }).toEqual({ outputActivation: 'identity', ...options })
  })

  it('reads graphs in the manner of PyTorch: Flatten, transposed Gemm', async () => {
    const [w, b, v] = [floats(15), floats(5), floats(10, 0.2)]
    const bytes = await onnx(
      [
        { opType: 'Flatten', input: ['x'], output: ['f'], attribute: [flag('axis', 1)] },
        { opType: 'Gemm', input: ['f', 'w', 'b'], output: ['h'], attribute: [flag('transB', 1)] },
        { opType: 'Sigmoid', input: ['h'], output: ['s'] },
        { opType: 'Mul', input: ['h', 's'], output: ['a'] },
        { opType: 'Dropout', input: ['a'], output: ['d'] },
        { opType: 'Transpose', input: ['v'], output: ['vt'] },
        { opType: 'MatMul', input: ['d', 'vt'], output: ['m'] },
        { opType: 'Add', input: ['c', 'm'], output: ['y'] },
      ],
      [tensor('w', [5, 3], w), tensor('b', [5], b), tensor('v', [2, 5], v), tensor('c', [2], Float32Array.of(1, 2))],
      'y',
    )
    const model = await importOnnx(bytes, { backend })
    expect([model.layerSizes, model.activation]).toEqual([[3, 5, 2], 'silu'])
    const [first, second] = model.getParameters()
    expect([...first.weights]).toEqual([0, 1, 2].flatMap((i) => [0, 1, 2, 3, 4].map((o) => w[o * 3 + i])))
    expect([[...first.biases], [...second.biases]]).toEqual([[...b], [1, 2]])
    expect(second.weights[1]).toBe(v[5])
  })

  it('refuses matrices without elements', async () => {
    const nodes = [{ opType: 'MatMul', input: ['x', 'w'], output: ['y'] }]
    const bytes = await onnx(nodes, [tensor('w', [0, 2 ** 40], new Float32Array(0))], 'y')
    await expect(importOnnx(bytes)).rejects.toThrow(/tensor 'w' of shape \[0, 1099511627776\]: expected 1 to 65536/)
  })

  it('names the node that it does not understand', async () => {
    const weights = [tensor('w', [3, 4], floats(12)), tensor('v', [4, 2], floats(8))]
    const gemm = { name: 'first', opType: 'Gemm', input: ['x', 'w'], output: ['h'] }
    const last = { name: 'second', opType: 'Gemm', input: ['a', 'v'], output: ['y'] }
    const importing = async (nodes: Partial<OnnxNode>[], inputs?: string[]) =>
      importOnnx(await onnx(nodes, weights, 'y', inputs), { backend }, 'net.onnx')
    const between = (op: Partial<OnnxNode>) =>
      importing([gemm, { name: 'odd', input: ['h'], output: ['a'], ...op }, last])
    await expect(between({ opType: 'Sin' })).rejects.toThrow(
      /^net.onnx: node 'odd' computes Sin\(z\) of a layer z: expected/,
    )
    await expect(between({ opType: 'LeakyRelu', attribute: [{ name: 'alpha', type: 1, f: 0.3 }] })).rejects.toThrow(
      /node 'odd' computes LeakyRelu\[0.3\]\(z\)/,
    )
    await expect(importing([{ name: 'c', opType: 'Conv', input: ['x', 'w'], output: ['a'] }, last])).rejects.toThrow(
      /node 'second' \(Gemm\) takes Conv\(z,constant\) of the inputs z, computed by node 'c'/,
    )
    await expect(importing([gemm, { ...last, input: ['h', 'w'] }])).rejects.toThrow(
      /net.onnx: tensor 'w': 3 inputs and 4 outputs, but w has 4 outputs/,
    )
    await expect(importing([gemm, { ...last, input: ['h', 'other'] }])).rejects.toThrow(
      /node 'second' \(Gemm\) takes 'other', expected a constant tensor/,
    )
    await expect(importing([gemm], ['x', 'z'])).rejects.toThrow(/expected one input of floats.*its inputs are 'x', 'z'/)
    await expect(importing([])).rejects.toThrow(/it has no Gemm and no MatMul/)
    await expect(importOnnx(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'INVALID_FILE' })
    await expect(importOnnx(new Uint8Array(0))).rejects.toThrow(/model: not an ONNX model: it has no graph/)
    const two = [gemm, { opType: 'Relu', input: ['h'], output: ['a'] }, { ...last, output: ['p'] }]
    const square = [...weights, tensor('u', [2, 2], floats(4))]
    const more = [
      { opType: 'Tanh', input: ['p'], output: ['t'] },
      { opType: 'Gemm', input: ['t', 'u'], output: ['y'] },
    ]
    await expect(importOnnx(await onnx([...two, ...more], square, 'y'))).rejects.toThrow(
      /its hidden layers have the activations relu and tanh/,
    )
  })
})

describe('importTorch', () => {
  const state = (names: readonly string[]) =>
    new Map<string, { shape: readonly number[]; data: Float32Array }>(
      names.flatMap((name, l) => [
        [`${name}.weight`, { shape: [4, 4], data: floats(16, l + 1) }] as const,
        [`${name}.bias`, { shape: [4], data: floats(4, l + 1) }] as const,
      ]),
    )
  const bytes = (tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>) =>
    encodeSafetensors({ tensors, metadata: {} })

  it('transposes the weights of linear layers, in the order of their numbers or as named', () => {
    const model = importTorch(bytes(state(['0', '2', '10'])), { activation: 'tanh', backend })
    expect([model.layerSizes, model.activation]).toEqual([[4, 4, 4, 4], 'tanh'])
    const [first, , third] = model.getParameters()
    expect([first.weights[1], third.weights[1]]).toEqual([floats(16, 1)[4], floats(16, 3)[4]])
    const layers = ['head', 'body']
    const named = importTorch(bytes(state(['body', 'head'])), { layers, backend })
    expect(named.getParameters()[0].biases).toEqual(floats(4, 2))
    const without = state(['0'])
    without.delete('0.bias')
    expect([...importTorch(bytes(without), { backend }).getParameters()[0].biases]).toEqual([0, 0, 0, 0])
  })

  it('names tensor and shape of what does not fit', () => {
    const importing = (name: string, shape: readonly number[]) => {
      const data = floats(shape.reduce((product, size) => product * size, 1))
      return () => importTorch(bytes(new Map([...state(['0']), [name, { shape, data }]])), { backend }, 'net')
    }
    expect(importing('2.weight', [3, 3])).toThrow(/net: tensor '2.weight': 3 inputs and 3 outputs, but 0.weight has 4/)
    expect(importing('2.weight', [2, 4, 3, 3])).toThrow(/tensor '2.weight' of shape \[2, 4, 3, 3\]: expected weights/)
    expect(importing('1.running_mean', [4])).toThrow(
      /tensor '1.running_mean' of shape \[4\]: expected '<layer>.weight'/,
    )
    expect(importing('2.weight', [70_000, 0])).toThrow(
      /'2.weight' of shape \[70000, 0\]: expected 1 to 65536 inputs and outputs/,
    )
    expect(importing('0.bias', [3])).toThrow(/tensor '0.bias' of shape \[3\]: expected 4 biases/)
    const one = bytes(new Map([['0.weight', { shape: [1, 4], data: floats(4) }]]))
    expect(() => importTorch(one, { backend })).toThrow(/loss: expected 'binaryCrossEntropy'/)
    expect(importTorch(one, { backend, loss: 'meanSquaredError' }).layerSizes).toEqual([4, 1])
    expect(() => importTorch(one, { layers: ['1'], backend })).toThrow(/tensor '1.weight' is missing/)
  })
})

describe('importSklearn', () => {
  it('reads coefficients in double', async () => {
    const model = new MLP({ layers: [4, 5, 3], activation: 'tanh', backend })
    const double = (shape: number[], data: Float32Array) => encodeNpy({ shape, data: Float64Array.from(data) })
    const arrays = model
      .getParameters()
      .flatMap(({ weights, biases, inputs, outputs }, l) => [
        [`coefs_${l}.npy`, double([inputs, outputs], weights)] as const,
        [`intercepts_${l}.npy`, double([outputs], biases)] as const,
      ])
    const path = join(folder, 'mlp.npz')
    writeFileSync(path, zipSync(Object.fromEntries(arrays)))
    const copy = await importSklearn(path, { activation: 'tanh', classNames: ['a', 'b', 'c'], backend })
    expect(copy.parametersDigest()).toBe(model.parametersDigest())
    expect([copy.activation, copy.classNames]).toEqual(['tanh', ['a', 'b', 'c']])
  })

  it('names array and shape of what does not fit', async () => {
    const importing = (arrays: Record<string, number[]>) => {
      const path = join(folder, `${Object.keys(arrays).join()}.npz`)
      const entry = (shape: number[]) => encodeNpy({ shape, data: floats(shape.reduce((m, n) => m * n, 1)) })
      writeFileSync(path, zipSync(Object.fromEntries(Object.entries(arrays).map(([k, v]) => [`${k}.npy`, entry(v)]))))
      return importSklearn(path, { backend })
    }
    await expect(importing({ coefs_0: [2, 3] })).rejects.toThrow(/array 'intercepts_0' is missing; it has coefs_0/)
    await expect(importing({ coefs_0: [2, 3], intercepts_0: [2] })).rejects.toThrow(
      /'intercepts_0' of shape \[2\]: expected 3/,
    )
    await expect(importing({ coefs_0: [2, 3], intercepts_0: [3], coefs_2: [3, 2] })).rejects.toThrow(
      /array 'coefs_2' of shape \[3, 2\]: expected coefs_0, intercepts_0, coefs_1, ... without gaps/,
    )
  })
})

describe('JSON', () => {
  it('keeps every bit of a model, and what its columns mean', () => {
    const data = table({ a: [1, null, 4], b: ['u', 'v', 'u'], y: ['k', 'l', 'm'] }, { target: 'y' })
    for (const model of [
      new MLP({ layers: [3, 3], table: learnTable(data).transform, backend }),
      new MLP({ layers: [3, 4, 1], loss: 'meanSquaredError', inputKind: 'bytes', inputScale: 'raw', backend }),
    ]) {
      expect(encodeModel(importJson(exportJson(model), { backend }))).toEqual(encodeModel(model))
    }
  })

  it('names the key that is wrong', () => {
    const whole = JSON.parse(exportJson(new MLP({ layers: [2, 3], backend })))
    const importing = (changes: object) => () =>
      importJson(JSON.stringify({ ...whole, ...changes }), { backend }, 'a.json')
    expect(importing({ format: 'x' })).toThrow(/a.json: format/)
    expect(importing({ activation: 'x' })).toThrow(/a.json: activation: expected one of/)
    expect(importing({ layers: [{ weights: [[1, 2], [3]], biases: [1, 2] }] })).toThrow(
      /a.json: layers\[0\].weights\[1\]: 1 numbers/,
    )
    expect(importing({ layers: [] })).toThrow(/a.json: layers/)
    expect(() => importJson('{', { backend }, 'a.json')).toThrow(/a.json: not JSON/)
  })
})
