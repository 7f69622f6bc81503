// The public interface in a browser. The backend is the pure-TypeScript one.
export * from './common.js'
export { fit } from './train/fit.js'
export type { FitOptions } from './train/fit-options.js'
