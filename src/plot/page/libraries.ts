import { NativeMlpError } from '../../core/errors.js'

export type PlotModule = typeof import('@observablehq/plot')

/** The scales, ticks and bins that Plot itself is built on. */
export type D3 = typeof import('d3-array') & typeof import('d3-scale')

/** Observable Plot, d3 and a document to draw in. */
export interface Drawing {
  readonly Plot: PlotModule
  readonly d3: D3
  readonly document: Document
}

/** Loads the drawing libraries on first use: they take several hundred milliseconds to load and training does not need them. */
export async function loadDrawing(): Promise<Drawing> {
  const [Plot, array, scale, linkedom] = await Promise.all([
    load('@observablehq/plot', () => import('@observablehq/plot')),
    load('d3-array', () => import('d3-array')),
    load('d3-scale', () => import('d3-scale')),
    load('linkedom', () => import('linkedom')),
  ])
  const { document } = linkedom.parseHTML('<!doctype html><html><body></body></html>')
  return { Plot, d3: { ...array, ...scale }, document: document as unknown as Document }
}

/** Imports a library; on failure the error names it and the reason. */
export async function load<T>(name: string, importLibrary: () => Promise<T>): Promise<T> {
  try {
    return await importLibrary()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new NativeMlpError('BACKEND_UNAVAILABLE', `figures need the npm package ${name}: ${reason}`, { cause })
  }
}
