import { checkingAsync } from '../../core/checks.js'
import type { PrecisionRecallCurve } from '../../core/results.js'
import type { Figure } from '../page/figure.js'
import { checkCurves, drawShareCurves, type ShareCurvesOptions } from './share-curves.js'

/** The curve of one class against the others, as `precisionRecallCurve` computes it. */
export interface NamedPrecisionRecallCurve extends PrecisionRecallCurve {
  readonly name: string
}

/**
 * Precision against recall of one or more classes, as steps whose area is the average precision.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` without a curve, and for shares outside 0..1
 */
export async function precisionRecallCurvesFigure(
  curves: readonly NamedPrecisionRecallCurve[],
  options: ShareCurvesOptions = {},
): Promise<Figure> {
  return await checkingAsync('precisionRecallCurvesFigure', () => draw(curves, options))
}

async function draw(curves: readonly NamedPrecisionRecallCurve[], options: ShareCurvesOptions): Promise<Figure> {
  checkCurves(curves, ['recall', 'precision'])
  const drawn = curves.map(({ name, recall, precision, averagePrecision }) => ({
    name,
    points: recall.flatMap((x, i) =>
      i === 0
        ? []
        : [
            { x: recall[i - 1], y: precision[i] },
            { x, y: precision[i] },
          ],
    ),
    score: averagePrecision,
  }))
  const what = {
    title: 'Precision and recall',
    xLabel: 'recall',
    yLabel: 'precision',
    corner: 'right' as const,
    scoreName: 'average precision',
    diagonal: false,
  }
  return drawShareCurves(drawn, what, options)
}
