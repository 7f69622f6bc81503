export { type Progress, type ProgressOptions, showProgress } from './progress.js'
export { type SearchProgressOptions, showSearchProgress } from './search-progress.js'
export type { SearchProgress } from './search-state.js'
