import type { DrawnTrial, HistoryEntry } from 'native-mlp'
import { lossCurvesFigure, precisionRecallCurve, reliabilityBins, rocCurve } from 'native-mlp'
import type { Calls } from './calls.js'
import { smallModel } from './small-data.js'

/** Calls of figures and of progress. */
export function figureCalls(): Calls {
  return { ...curveCalls(), ...scoreCalls(), ...imageCalls(), ...trialCalls(), ...progressCalls() }
}

const history = (): HistoryEntry[] =>
  [0, 5, 10].map((step) => {
    const set = () => ({ loss: 1 / (step + 1), accuracy: step / 10 })
    return { step, epoch: step / 5, train: set(), valid: set(), test: set() }
  })
const words = () => ({ title: 'a title', subtitle: 'below it' })

function curveCalls(): Calls {
  const marks = () => ({ best: 5, collapse: { step: 10, deadShare: 0.5 }, width: 400, height: 200 })
  return {
    lossCurvesFigure: { args: () => [history(), { ...words(), ...marks(), yScale: 'log', yLabel: 'loss' }] },
    accuracyCurvesFigure: { args: () => [history(), { ...words(), ...marks(), yRange: 'full' }] },
    learningRateFigure: {
      args: () => [
        {
          ...{ diverged: true, steepest: 0.02, minimumTenth: 0.01 },
          steps: [1, 2, 3].map((i) => ({ learningRate: i / 100, loss: 1 / i, smoothed: 1 / i })),
        },
        words(),
      ],
    },
    renderFigure: { args: async () => [await lossCurvesFigure(history()), 0.1], share: 3 },
  }
}

function scoreCalls(): Calls {
  const truth = () => [true, false, true, 0]
  const scores = () => Float32Array.of(0.9, 0.2, 0.4, 0.6)
  const column = () => ({ name: 'a', actual: [1, 2, 3], predicted: Float64Array.of(1, 2.5, 3), note: 'a note' })
  return {
    rocCurve: { args: () => [truth(), scores()] },
    precisionRecallCurve: { args: () => [truth(), scores()] },
    reliabilityBins: { args: () => [scores(), truth(), 5] },
    rocCurvesFigure: { args: () => [[{ name: 'a', ...rocCurve(truth(), scores()) }], words()] },
    precisionRecallCurvesFigure: { args: () => [[{ name: 'a', ...precisionRecallCurve(truth(), scores()) }], words()] },
    calibrationFigure: { args: () => [reliabilityBins(scores(), truth(), 5), words()] },
    predictedActualFigure: { args: () => [[column(), column()], words()] },
  }
}

function imageCalls(): Calls {
  return {
    confusionMatrixFigure: {
      args: () => [
        [
          [3, 1],
          [0, 4],
        ],
        { ...words(), classNames: ['a', 'b'] },
      ],
    },
    misclassifiedFigure: {
      args: () => [
        { images: new Uint8Array(8), labels: [0, 1], predictions: [1, 0], probabilities: [0.5, 0.75] },
        { ...words(), imageShape: [2, 2], limit: 2, order: 'row', classNames: ['a', 'b'], ink: 'light' },
      ],
    },
    augmentedImagesFigure: {
      args: () => [
        { images: new Uint8Array(12), labels: [2], copies: 2 },
        { ...words(), imageShape: [2, 2], classNames: ['a', 'b', 'c'], ink: 'dark' },
      ],
    },
    weightImagesFigure: {
      args: () => [smallModel().getParameters()[0], { ...words(), imageShape: [3, 3], units: [0, 2], scale: 'each' }],
    },
    parameterHistogramsFigure: { args: () => [smallModel().getParameters(), { ...words(), bins: 10 }] },
  }
}

function trialCalls(): Calls {
  const trials = (): DrawnTrial[] =>
    [0, 1, 2, 3].map((trial) => ({
      ...{ trial, params: { learningRate: 0.1 + (trial % 2), l2: trial > 1 ? 0 : 1, hidden: 4 }, state: 'completed' },
      ...{ bestStep: 5, valid: { loss: 0.5, accuracy: trial / 4 }, history: history() },
    }))
  const metric = 'valid.accuracy'
  return {
    searchHeatmapFigure: {
      args: () => [
        trials(),
        { ...words(), x: 'learningRate', y: 'l2', facet: 'hidden', metric, xLabel: 'x', facetLabel: 'f' },
      ],
    },
    parallelCoordinatesFigure: {
      args: () => [trials(), { ...words(), metric, parameters: ['l2', 'learningRate'], height: 200 }],
    },
    trialCurvesFigure: { args: () => [trials(), { ...words(), metric, labelled: 2, width: 400, height: 200 }] },
    searchFigures: { args: () => [trials(), { metric }] },
  }
}

function progressCalls(): Calls {
  const stream = () => ({ isTTY: true, columns: 80, rows: 24, write: () => true })
  return {
    showProgress: { args: () => [{ stream: stream() }] },
    showSearchProgress: { args: () => [{ stream: stream() }] },
  }
}
