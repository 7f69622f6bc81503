// Refuses each of the addon's requests for memory in turn, in each job; prints what came of it. See refuse-memory.c.
import { openSync, readSync, writeSync } from 'node:fs'
import { evaluate, fit, gridSearch, MLP, momentum, samples } from 'native-mlp'

const file = openSync(process.env.REFUSE_CONTROL, 'r+')
/** Refuses the n-th request from now on; 0: none. */
const refuse = (n) => writeSync(file, new Uint8Array(BigInt64Array.of(BigInt(n), 0n).buffer), 0, 16, 0)
const refused = () => {
  const both = new BigInt64Array(2)
  readSync(file, new Uint8Array(both.buffer), 0, 16, 0)
  return Number(both[1])
}

const cols = 40
const rows = 3000
const values = Uint8Array.from({ length: rows * cols }, (_, i) => (i % 3 === 0 ? i * 37 : 0))
const labels = Int32Array.from({ length: rows }, (_, i) => i % 5)
const set = () => samples({ values: values.slice(), cols, labels, classes: 5 })
const make = () => new MLP({ layers: [cols, 128, 24, 5] })
const options = { epochs: 1, batchSize: 1500, optimizer: momentum({ learningRate: 0.01 }) }
const digest = ({ classes }) => classes.reduce((sum, c, i) => (sum * 31 + c * (i + 1)) % 1000003, 7)

const jobs = {
  fit: async () => {
    const model = make()
    await fit(model, set(), options)
    return model.parametersDigest()
  },
  evaluate: async () => (await evaluate(make(), set())).loss,
  predict: async () => digest(await make().predict(values.slice())),
  search: async () => {
    const { trials } = await gridSearch({
      data: { train: set(), valid: set() },
      grid: { hidden: [[16], [32]] },
      base: { epochs: 1, batchSize: 500, learningRate: 0.01 },
      workers: 1,
    })
    return trials.map(({ reason, digest }) => reason ?? digest).join(', ')
  },
}

/** Every so many requests of a job, and the last: a search starts a worker each time. */
const STRIDE = { search: 9 }
const LAST = { search: 11 }

refuse(0)
const report = {}
for (const [name, job] of Object.entries(jobs)) {
  const wanted = await job()
  const outcomes = new Set()
  let n = 1
  for (; n < (LAST[name] ?? 500); n += STRIDE[name] ?? 1) {
    refuse(n)
    const outcome = await job().then(
      (value) => (value === wanted ? 'ok' : String(value)),
      (error) => `${error.name} ${error.code}: ${error.message}`,
    )
    const count = refused()
    refuse(0)
    if (count === 0) break
    outcomes.add(outcome)
    const again = await job()
    if (again !== wanted) outcomes.add(`afterwards: ${again}, not ${wanted}`)
  }
  report[name] = { requests: n, outcomes: [...outcomes] }
}
console.log(JSON.stringify(report))
