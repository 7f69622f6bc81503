import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { command, writeStripes } from '../../cli/command.js'
import { WorkerProcess } from './queue-study.js'
import { RedisServer, redisMissing } from './redis-server.js'

const PASSWORD = 'open-sesame-4713'
const missing = redisMissing()

function filesOf(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  return paths.filter((path) => statSync(path).isFile())
}

describe.skipIf(missing)('native-mlp search --queue', () => {
  it('fills the same folder as a search without, and writes no password', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'native-mlp-queue-search-'))
    const server = await RedisServer.start({ password: PASSWORD })
    onTestFinished(async () => {
      await server.remove()
      rmSync(folder, { recursive: true, force: true })
    })
    const data = writeStripes(join(folder, 'data'), 600, 60)
    const config = join(folder, 'search.json')
    const grid = { learningRate: [0.05, 0.1, 0.2, 0.4], hidden: [8, 16] }
    writeFileSync(config, JSON.stringify({ preset: 'quick', limitTrain: null, limitTest: null, epochs: 9, grid }))
    const strategies = {
      halving: ['--strategy', 'halving', '--min-epochs', '1', '--asynchronous'],
      tpe: ['--strategy', 'tpe', '--trials', '6', '--startup', '2', '--ahead', '2'],
    }
    const search = (name: string, more: readonly string[] = [], strategy: keyof typeof strategies = 'halving') => {
      const common = ['--config', config, '--data', data, '--out', join(folder, name), '--no-figures']
      const args = ['search', ...common, ...strategies[strategy], ...more]
      return command(args, { env: { NATIVE_MLP_DEBUG: '1' } })
    }
    const url = server.url.replace('//', `//:${PASSWORD}@`)
    const worker = new WorkerProcess('afar', ['--queue', url, '--data', data], {})
    onTestFinished(() => worker.kill('SIGKILL'))
    const queued = await search('queued', ['--queue', url])
    expect(queued).toMatchObject({ code: 0 })
    expect(await search('alone')).toMatchObject({ code: 0 })
    const text = (name: string, file: string) => readFileSync(join(folder, name, file), 'utf8')
    expect(text('queued', 'results.csv')).toBe(text('alone', 'results.csv'))
    expect(text('queued', 'best.safetensors')).toBe(text('alone', 'best.safetensors'))
    expect(text('queued', 'timings.csv')).toMatch(/,afar,/)
    expect(await search('proposed afar', ['--queue', url], 'tpe')).toMatchObject({ code: 0 })
    expect(await search('proposed', [], 'tpe')).toMatchObject({ code: 0 })
    expect(text('proposed afar', 'results.csv')).toBe(text('proposed', 'results.csv'))
    worker.kill('SIGTERM')
    await worker.ended()
    const shown = [queued.stdout, queued.stderr, worker.output]
    const written = filesOf(join(folder, 'queued'))
    expect(written.length).toBeGreaterThan(4)
    for (const output of [...shown, ...written.map((path) => readFileSync(path, 'latin1'))]) {
      expect(output).not.toContain(PASSWORD)
    }
  })

  it('says in one line where it cannot reach the server', async () => {
    const server = await RedisServer.start({ password: PASSWORD })
    onTestFinished(() => server.remove())
    const folder = mkdtempSync(join(tmpdir(), 'native-mlp-queue-search-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const data = writeStripes(join(folder, 'data'), 100, 20)
    const args = ['search', '--preset', 'quick', '--limit-train', 'all', '--limit-test', 'all', '--data', data]
    const wrong = server.url.replace('//', '//:not-the-password@')
    const { code, stderr } = await command([...args, '--out', join(folder, 'out'), '--queue', wrong])
    expect(code).toBe(1)
    expect(stderr).toContain(`error [QUEUE_UNAVAILABLE]: ${server.url}: rejects the connection: `)
    expect(stderr).not.toContain('not-the-password')
  })
})
