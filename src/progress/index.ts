export { type Progress, type ProgressOptions, showProgress } from './progress.js'
export { type SearchProgress, type SearchProgressOptions, showSearchProgress } from './search-progress.js'
