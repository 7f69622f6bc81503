// Trains under an address-space limit of so many MB more than the process has; prints what came of it, then trains again.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { evaluate, fit, MLP, samples, sgd } from 'native-mlp'

const rows = 300_000
const cols = 16
const values = Float32Array.from({ length: rows * cols }, (_, i) => ((i * 37) % 100) / 50 - 1)
const labels = Int32Array.from({ length: rows }, (_, i) => i % 10)
const data = samples({ values, cols, labels, classes: 10 })
const model = new MLP({ layers: [cols, 128, 10] })
const optimizer = sgd({ learningRate: 0.01 })
const small = () => fit(model, data, { epochs: 1, batchSize: 32, stepsPerEpoch: 10, optimizer, evaluateOn: [] })
await small()
const size = Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
execFileSync('prlimit', ['--pid', String(process.pid), `--as=${size + Number(process.argv[2]) * 1e6}:`])
const outcomes = []
for (const work of [
  () => fit(model, data, { epochs: 1, batchSize: rows, optimizer, evaluateOn: [] }),
  () => model.predict(values),
]) {
  outcomes.push(
    await work().then(
      () => 'ok',
      (error) => `${error.name} ${error.code}: ${error.message}`,
    ),
  )
}
execFileSync('prlimit', ['--pid', String(process.pid), '--as=unlimited:'])
await small()
const { count } = await evaluate(model, data.take(100))
console.log(JSON.stringify({ outcomes, count }))
