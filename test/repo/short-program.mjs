import { join } from 'node:path'

/**
 * A short program over the whole public interface, to be run in another environment: bundled, by a test framework, with
 * restrictive flags. Every part reports its result or its error. It writes into the folder that RUN_FOLDER names.
 */
export async function shortProgram(api) {
  const n = 120
  const values = Float32Array.from({ length: n * 4 }, (_, i) => ((i * 37) % 100) / 50 - 1)
  const data = api.samples({ values, cols: 4, labels: Int32Array.from({ length: n }, (_, i) => i % 3), classes: 3 })
  const model = new api.MLP({ layers: [4, 8, 3], activation: 'gelu', seed: 1 })
  await api.fit(model, data, { epochs: 3, batchSize: 10, optimizer: api.adam({ learningRate: 0.01 }) })
  const inFolder = (name) => join(process.env.RUN_FOLDER, name)
  return {
    info: api.backendInfo(),
    digest: model.parametersDigest(),
    evaluated: await outcome(async () => (await api.evaluate(model, data)).accuracy > 0),
    saved: await outcome(async () => {
      await api.saveModel(inFolder('model'), model)
      await api.saveModel(inFolder('model'), model)
      return (await api.loadModel(inFolder('model'))).parametersDigest() === model.parametersDigest()
    }),
    run: await outcome(() => runInFolder(api, data, inFolder('run'))),
    search: await outcome(async () => {
      const space = { learningRate: [0.1, 0.2], hidden: [4] }
      const sets = { train: data, valid: data }
      const options = { base: { epochs: 1 }, strategy: 'grid', workers: 2, folder: inFolder('study') }
      const study = await api.search({ data: sets, space, ...options })
      return study.trials.map(({ state }) => state).join(' ')
    }),
    figure: await outcome(async () => {
      const figure = await api.confusionMatrixFigure([
        [3, 1],
        [0, 2],
      ])
      return (await figure.png(1)).length > 1000
    }),
  }
}

/** A run that is interrupted and resumed; gives its digest. */
async function runInFolder(api, data, folder) {
  const options = { batchSize: 10, optimizer: api.sgd({ learningRate: 0.1 }), folder }
  const newModel = () => new api.MLP({ layers: [4, 8, 3], seed: 2 })
  await api.fit(newModel(), data, { ...options, epochs: 3, untilStep: 17 })
  const model = newModel()
  await api.fit(model, data, { ...options, epochs: 3, resume: true })
  return model.parametersDigest()
}

async function outcome(part) {
  try {
    return await part()
  } catch (error) {
    return `${error.name} ${error.code}: ${error.message}`
  }
}
