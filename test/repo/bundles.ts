import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { importTool, requireTool } from './tools.js'

/** Files of a bundle are written to `folder`/out, with bundle.cjs or bundle.mjs as entry. */
export interface BundleJob {
  /** project with program.mjs */
  readonly folder: string
  /** leave native-mlp out of the bundle, as docs/backends.md describes */
  readonly isExternal: boolean
}

export type Bundler = (job: BundleJob) => Promise<string>

const esbuild =
  (format: 'cjs' | 'esm', minify = false): Bundler =>
  async ({ folder, isExternal }) => {
    const { build } = await import('esbuild')
    const outfile = join(folder, 'out', format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs')
    await build({
      entryPoints: [join(folder, 'program.mjs')],
      bundle: true,
      platform: 'node',
      format,
      minify,
      outfile,
      logLevel: 'silent',
      external: isExternal ? ['native-mlp'] : [],
    })
    return outfile
  }

/** Rolldown, in Vite's build for servers. */
const vite: Bundler = async ({ folder, isExternal }) => {
  const { build } = await import('vite')
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    ssr: isExternal ? { external: ['native-mlp'] } : { noExternal: true },
    build: {
      ssr: join(folder, 'program.mjs'),
      outDir: 'out',
      rollupOptions: { output: { entryFileNames: 'bundle.mjs' } },
    },
  })
  return join(folder, 'out', 'bundle.mjs')
}

const webpack =
  (tools: string): Bundler =>
  ({ folder, isExternal }) => {
    const config = {
      mode: 'production',
      target: 'node',
      context: folder,
      entry: join(folder, 'program.mjs'),
      output: { path: join(folder, 'out'), filename: 'bundle.cjs' },
      externals: isExternal ? { 'native-mlp': 'node-commonjs native-mlp' } : {},
    }
    return new Promise((resolve, reject) => {
      requireTool(tools, 'webpack')(config, (error: Error | null, stats: { hasErrors(): boolean }) => {
        if (error || stats.hasErrors()) reject(error ?? new Error(String(stats)))
        else resolve(join(folder, 'out', 'bundle.cjs'))
      })
    })
  }

const rollup =
  (tools: string): Bundler =>
  async ({ folder, isExternal }) => {
    const load = async (name: string) => (await importTool(tools, name)).default
    const { rollup } = await importTool(tools, 'rollup')
    const nodeResolve = await load('@rollup/plugin-node-resolve')
    const commonjs = await load('@rollup/plugin-commonjs')
    const json = await load('@rollup/plugin-json')
    const bundle = await rollup({
      input: join(folder, 'program.mjs'),
      external: isExternal ? ['native-mlp'] : [],
      plugins: [nodeResolve({ preferBuiltins: true }), commonjs(), json()],
      onwarn: () => undefined,
    })
    await bundle.write({ dir: join(folder, 'out'), entryFileNames: 'bundle.mjs', format: 'es' })
    return join(folder, 'out', 'bundle.mjs')
  }

export const BUNDLERS: Readonly<Record<string, Bundler>> = {
  'esbuild, CommonJS': esbuild('cjs'),
  'esbuild, CommonJS, minified': esbuild('cjs', true),
  'esbuild, ES modules': esbuild('esm'),
  Vite: vite,
}

/** Those that are not devDependencies. */
export const INSTALLED_BUNDLERS: Readonly<Record<string, (tools: string) => Bundler>> = { webpack, rollup }

/** Links to packages, in node_modules of a project. */
export function linkPackages(project: string, packages: Readonly<Record<string, string>>): void {
  for (const [name, target] of Object.entries(packages)) {
    const link = join(project, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(target, link, 'junction')
  }
}

/** A program that prints what test/repo/short-program.mjs reports. */
export function writeProgram(project: string, shortProgram: string): void {
  mkdirSync(project, { recursive: true })
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(project, 'program.mjs'),
    `import * as api from 'native-mlp'
    import { shortProgram } from ${JSON.stringify(shortProgram)}
    const signal = AbortSignal.timeout(200)
    const queue = api.runQueueWorker({ url: 'redis://127.0.0.1:1', signal, log: () => undefined })
      .catch(({ code, message }) => code + ': ' + message)
    const mnist = api.mnist({ cacheDir: '/nowhere', download: false }).then(() => true, ({ code, message }) => code + ': ' + message)
    Promise.all([shortProgram(api), queue, mnist]).then(
      ([report, queue, mnist]) => console.log(JSON.stringify({ ...report, queue, mnist })),
      (error) => console.log(JSON.stringify({ error: String(error) })),
    )`,
  )
}
