import { checking } from '../core/checks.js'
import { checkPositions, checkTable } from '../table/check-table.js'
import { checkTransform } from '../table/check-transform.js'
import { encodeInputs } from '../table/encode-inputs.js'
import type { Table } from '../table/table.js'
import { encodeTarget } from '../table/target.js'
import { inputsOf, type TableTransform, targetNames } from '../table/transform.js'
import { range } from './range.js'
import { Samples } from './samples.js'

/**
 * A set from the rows of a table, as a transform learnt on training rows says.
 *
 * @param rows positions; default: all
 * @throws NativeMlpError INVALID_ARGUMENT for a column that is missing, and naming row and column of a cell that does not fit: a
 *   text where a number is expected, a missing target, a class that the training rows do not have
 */
export function encodeTable(table: Table, transform: TableTransform, rows?: ArrayLike<number>): Samples {
  return checking('encodeTable', () => {
    checkTable('table', table)
    if (rows !== undefined) checkPositions('rows', rows, table)
    return encoded(table, checkTransform('transform', transform), rows)
  })
}

function encoded(table: Table, transform: TableTransform, rows: ArrayLike<number> | undefined): Samples {
  const { labels, targets } = encodeTarget(transform.target, table, rows)
  const isClasses = transform.target.task === 'classes'
  return new Samples({
    values: encodeInputs(transform.inputs, table, rows),
    cols: inputsOf(transform),
    table: null,
    labels,
    targets,
    targetCols: isClasses ? 0 : targetNames(transform).length,
    classes: isClasses ? targetNames(transform).length : 0,
    classNames: isClasses ? targetNames(transform) : [],
    kind: 'floats',
    rows: range(rows?.length ?? table.length),
    scale: 'unit',
    imageShape: null,
    transform,
  })
}
