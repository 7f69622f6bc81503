export {
  byteTable,
  firstUnscaled,
  INPUT_KINDS,
  INPUT_SCALES,
  type InputKind,
  type InputScale,
  kindOf,
  scaledWords,
} from '../core/scale.js'
