export { byteTable, INPUT_SCALES, type InputScale } from '../core/scale.js'
