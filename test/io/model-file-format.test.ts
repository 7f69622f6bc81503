import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createJsBackend } from '../../src/backend/js/index.js'
import { ACTIVATIONS, LOSSES } from '../../src/core/types.js'
import { parseSafetensors } from '../../src/formats/safetensors.js'
import { encodeModel } from '../../src/io/model-bytes.js'
import { MLP } from '../../src/model/mlp.js'
import { learnTable } from '../../src/table/learn.js'
import { table } from '../../src/table/rows.js'

/** What docs/model-file.md promises to other programs. */
const text = readFileSync(join(import.meta.dirname, '../../docs/model-file.md'), 'utf8')
const backend = createJsBackend()
const data = table({ a: [1, null, 4], b: ['u', 'v', 'ü'], y: ['k', 'l', 'm'] }, { target: 'y' })
const { transform } = learnTable(data)
const model = new MLP({ layers: [5, 4, 3], table: transform, backend })
const { tensors, metadata } = parseSafetensors(encodeModel(model), 'model')

/** As the page says, in integers of any size. */
function digest(): string {
  const pairs = Object.entries(metadata).filter(([key]) => key !== 'digest')
  const bytes = new TextEncoder().encode(JSON.stringify(pairs.sort(([m], [n]) => (m < n ? -1 : 1))))
  const words = [...bytes]
  for (let l = 0; l < 2; l++) {
    for (const part of ['weights', 'biases']) {
      const { data: values } = tensors.get(`layers.${l}.${part}`)!
      words.push(...new Uint32Array(Float32Array.from(values as Float32Array).buffer))
    }
  }
  let [a, b] = [0x811c9dc5n, 0x9747b28cn]
  for (const word of words) {
    a = BigInt.asUintN(32, (a ^ BigInt(word)) * 0x01000193n)
    a ^= a >> 15n
    b = BigInt.asUintN(32, (b ^ BigInt(word)) * 0x85ebca6bn)
    b ^= b >> 13n
  }
  return [a, b].map((hash) => hash.toString(16).padStart(8, '0')).join('')
}

describe('docs/model-file.md', () => {
  it('names all metadata, in their order, and the tensors', () => {
    const rows = text
      .split('## Metadata')[1]
      .split('##')[0]
      .matchAll(/^\| `(\w+)` \|/gm)
    expect([...rows].map(([, key]) => key).sort()).toEqual(Object.keys(metadata).sort())
    expect([...tensors.keys()].every((key) => /^layers\.\d\.(weights|biases)$/.test(key))).toBe(true)
    expect([tensors.get('layers.0.weights')!.shape, tensors.get('layers.1.biases')!.shape]).toEqual([[5, 4], [3]])
  })

  it('names every activation, loss and key of a transform', () => {
    const keys = transform.inputs.flatMap((input) => Object.keys(input).filter((key) => key !== 'column'))
    const names = [...ACTIVATIONS, ...LOSSES, ...Object.keys(transform), ...keys, ...Object.keys(transform.target)]
    for (const name of names) expect(text, name).toMatch(new RegExp(`[\`"]${name}[\`"]`))
  })

  it('says how the digest is computed', () => {
    expect(metadata.digest).toBe(digest())
  })
})
