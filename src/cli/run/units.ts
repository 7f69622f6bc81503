import { describe } from '../../core/errors.js'
import type { Samples } from '../../data/samples.js'
import type { MLP } from '../../model/mlp.js'

/**
 * Errors of a regression on a table in the units of its targets: 'RMSE 24310 and MAE 17950 of "price" on the test rows'. Null for
 * other tasks.
 *
 * @param rows encoded as the model expects
 */
export async function unitWords(model: MLP, rows: Samples, name: string): Promise<string | null> {
  const target = model.table?.target
  if (target?.task !== 'regression' || rows.targets === null) return null
  const { outputs } = await model.predict(rows)
  const { columns, sds } = target
  const errors = columns.map((column, c) => {
    let [squares, sizes] = [0, 0]
    for (let i = 0; i < rows.length; i++) {
      const actual = rows.targets![rows.rows[i] * columns.length + c]
      const error = sds[c] * (outputs[i * columns.length + c] - actual)
      squares += error * error
      sizes += Math.abs(error)
    }
    const short = (value: number) => String(Number(value.toPrecision(4)))
    return `RMSE ${short(Math.sqrt(squares / rows.length))} and MAE ${short(sizes / rows.length)} of ${describe(column)}`
  })
  return `${errors.join(', ')} on the ${name} rows`
}
