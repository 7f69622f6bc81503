import { NativeMlpError } from '../../core/errors.js'

export type PlotModule = typeof import('@observablehq/plot')

/** Observable Plot and a document for it to draw in. */
export interface Drawing {
  readonly Plot: PlotModule
  readonly document: Document
}

/** Loads the drawing libraries on first use, so that training never pays for them. */
export async function loadDrawing(): Promise<Drawing> {
  const [Plot, linkedom] = await Promise.all([
    load('@observablehq/plot', () => import('@observablehq/plot')),
    load('linkedom', () => import('linkedom')),
  ])
  const { document } = linkedom.parseHTML('<!doctype html><html><body></body></html>')
  return { Plot, document: document as unknown as Document }
}

/** Imports a library, naming it and why it is not there when that fails. */
export async function load<T>(name: string, importLibrary: () => Promise<T>): Promise<T> {
  try {
    return await importLibrary()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new NativeMlpError('BACKEND_UNAVAILABLE', `figures need the npm package ${name}: ${reason}`, { cause })
  }
}
