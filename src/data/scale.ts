export { byteTable, INPUT_KINDS, INPUT_SCALES, type InputKind, type InputScale, kindOf } from '../core/scale.js'
