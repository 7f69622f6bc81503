import { checkingAsync } from '../../core/checks.js'
import type { RocCurve } from '../../core/results.js'
import type { Figure } from '../page/figure.js'
import { checkCurves, drawShareCurves, type ShareCurvesOptions } from './share-curves.js'

/** The curve of one class against the others, as `rocCurve` computes it. */
export interface NamedRocCurve extends RocCurve {
  readonly name: string
}

/**
 * The receiver operating characteristic of one or more classes, with the area under each.
 *
 * @throws NativeMlpError `INVALID_ARGUMENT` without a curve, and for rates outside 0..1
 */
export async function rocCurvesFigure(
  curves: readonly NamedRocCurve[],
  options: ShareCurvesOptions = {},
): Promise<Figure> {
  return await checkingAsync('rocCurvesFigure', () => draw(curves, options))
}

async function draw(curves: readonly NamedRocCurve[], options: ShareCurvesOptions): Promise<Figure> {
  checkCurves(curves, ['falsePositiveRate', 'truePositiveRate'])
  const drawn = curves.map(({ name, falsePositiveRate, truePositiveRate, area }) => ({
    name,
    points: falsePositiveRate.map((x, i) => ({ x, y: truePositiveRate[i] })),
    score: area,
  }))
  const what = {
    title: 'ROC curves',
    xLabel: 'false positive rate',
    yLabel: 'true positive rate',
    corner: 'left' as const,
    scoreName: 'area under the curve',
    diagonal: true,
  }
  return drawShareCurves(drawn, what, options)
}
