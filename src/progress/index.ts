export { type Progress, type ProgressOptions, showProgress } from './progress.js'
