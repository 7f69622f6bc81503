import { warn } from '../core/warn.js'

/** Classes listed in a warning. */
const SHOWN = 5

/**
 * Warns of classes without rows, where the number of classes follows from the largest label: labels 1 to C would silently
 * give a network C + 1 outputs. Only class 0 counts as missing in a set with fewer rows than classes, which cannot have them
 * all.
 *
 * @param labels [n] classes 0..classes-1
 * @param name of the labels
 * @param remedy how to state the number of classes
 */
export function warnOfMissingClasses(labels: Int32Array, classes: number, name: string, remedy: string): void {
  const rows = new Uint32Array(classes)
  for (const label of labels) rows[label]++
  const present = rows.reduce((count, each) => count + (each > 0 ? 1 : 0), 0)
  const isTold = rows[0] === 0 ? present > 1 : present < classes && labels.length >= classes
  if (!isTold) return
  const missing: number[] = []
  for (let c = 0; c < classes && missing.length <= SHOWN; c++) if (rows[c] === 0) missing.push(c)
  const list = missing.slice(0, SHOWN).join(', ')
  const which =
    missing.length > SHOWN ? `classes ${list} and more` : missing.length > 1 ? `classes ${list}` : `class ${list}`
  const first = missing[0] === 0 ? 'if the labels are numbered from 1, subtract 1; ' : ''
  warn(
    `${name}: no row has ${which}, but the largest label, ${classes - 1}, makes ${classes} classes, numbered from 0; ` +
      `${first}if this is intended, ${remedy}`,
  )
}
