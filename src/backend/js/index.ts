export { createJsBackend } from './backend.js'
