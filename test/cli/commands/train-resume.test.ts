import type { ChildProcess } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nativeStatus } from '../../../src/backend/native.js'
import { fit, MLP, sgd } from '../../../src/index.js'
import { decodeCheckpoint } from '../../../src/io/checkpoint-file.js'
import { readHistory } from '../../../src/io/history.js'
import { temporaryFolder } from '../../formats/temporary-folder.js'
import { clusters } from '../../train/toy-data.js'
import { command, writeStripes } from '../command.js'

const folder = temporaryFolder()
const at = (...names: string[]) => join(folder, ...names)
const read = (...names: string[]) => readFileSync(at(...names))
const record = (run: string) => JSON.parse(read(run, 'run.json').toString())
const status = nativeStatus()

/** What a run leaves, but for run.json with its times. */
const LEFT = ['Training_Curve.txt', 'best.safetensors', 'history.jsonl']
const contents = (run: string) => {
  const files = readdirSync(at(run)).filter((name) => name !== 'run.json')
  return Object.fromEntries(files.sort().map((name) => [name, read(run, name).toString('base64')]))
}

/** A run that takes a second or two. */
const digits = ['--preset', 'quick', '--limit-train', '6000', '--epochs', '40', '--evaluate-every', '40']
const outputs = ['--evaluate-on', 'train,valid,test', '--limit-test', '500', '--training-curve', '--no-figures']
const often = ['--checkpoint-every', '0.05']
const args = ['train', ...digits, ...outputs]

const interruptAt = (step: number, signal: NodeJS.Signals = 'SIGINT') => {
  let sent = false
  return (text: string, child: ChildProcess) => {
    if (sent || !new RegExp(`^step +${step} of`, 'm').test(text)) return
    sent = true
    child.kill(signal)
  }
}

it('trains undisturbed, to compare with', async () => {
  expect(await command([...args, '--out', at('whole')])).toMatchObject({ code: 0 })
  expect(readdirSync(at('whole')).sort()).toEqual([...LEFT, 'run.json'])
})

describe('native-mlp train --resume', () => {
  it('goes on after Ctrl-C, as if nothing had happened, on another instruction set and number of threads', async () => {
    const stopped = await command([...args, '--out', at('a b')], { onStderr: interruptAt(975) })
    expect(stopped).toMatchObject({ code: 130, stdout: expect.stringMatching(/^stopped +after \d+ steps/) })
    expect(stopped.stderr).toMatch(/\nto resume: npx native-mlp train --resume '[^\n]+a b'\n$/)
    const { results } = record('a b')
    const checkpoint = decodeCheckpoint(read('a b', 'checkpoint'), 'checkpoint')
    expect(results).toMatchObject({ steps: checkpoint.step, checkpoint: checkpoint.step, stopped: null })
    expect(checkpoint.step).toBeGreaterThan(975)
    expect(checkpoint.step).toBeLessThan(3000)
    // the portable one takes too long for these digits
    const isa = status.available ? status.isas.slice(1).find((name) => name !== 'portable') : undefined
    const env = { NATIVE_MLP_THREADS: '1', NATIVE_MLP_ISA: isa ?? 'auto' }
    const resumed = await command(['train', '--resume', at('a b')], { env })
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^best +/) })
    expect(resumed.stderr).toContain(`resuming at step ${checkpoint.step}\n`)
    const steps = [...resumed.stderr.matchAll(/^step +(\d+) of 3000/gm)].map(([, step]) => Number(step))
    expect(steps.every((step) => step >= checkpoint.step - 1)).toBe(true)
    expect(contents('a b')).toEqual(contents('whole'))
    const [one, other] = [record('a b'), record('whole')]
    expect(one.results).toEqual(other.results)
    expect(one.times).toMatchObject({ started: expect.any(String), resumed: [expect.any(String)] })
    expect({ ...one, times: null, backend: null }).toEqual({ ...other, times: null, backend: null })
  })

  it('goes on after kill -9 at any moment, again and again', async () => {
    // the signal comes some time after the line that tells of the step, in the middle of anything
    const steps = [0, 75, 600, 1050, 1500, 1950]
    let killed = 0
    for (const step of steps) {
      const start = existsSync(at('killed', 'run.json'))
        ? ['train', '--resume', at('killed')]
        : [...args, '--out', at('killed')]
      const onStderr = (text: string, child: ChildProcess) => {
        const [, last] = /^step +(\d+) of/.exec(text.slice(text.lastIndexOf('\nstep ') + 1)) ?? []
        if (Number(last) >= step) child.kill('SIGKILL')
      }
      const { code } = await command([...start, ...often], { onStderr })
      if (code === null) killed++
      if (record('killed').status === 'completed') break
    }
    expect(killed).toBeGreaterThan(2)
    const last = await command(['train', '--resume', at('killed')])
    expect(last).toMatchObject({ code: 0 })
    expect(contents('killed')).toEqual(contents('whole'))
    expect(record('killed').results).toEqual(record('whole').results)
  }, 120_000)
})

describe('a run folder', () => {
  const stripes = writeStripes(at('stripes'), 400, 100)
  const small = ['train', '--preset', 'quick', '--data', stripes, '--limit-train', 'all', '--no-figures', '--epochs']
  const rest = ['--evaluate-every', 'epoch', '--evaluate-on', 'train,valid,test', '--training-curve', '--out']
  const resume = (run: string, ...flags: string[]) => command(['train', '--resume', at(run), ...flags])
  /** A copy of a run that was stopped in the middle. */
  const copy = (name: string) => {
    cpSync(at('stopped'), at(name), { recursive: true })
    return name
  }

  it('is made, and another one in which a run was stopped in the middle', async () => {
    expect(await command([...small, '900', ...rest, at('small')])).toMatchObject({ code: 0 })
    const { code } = await command([...small, '900', ...rest, at('stopped')], { onStderr: interruptAt(399) })
    expect(code).toBe(130)
    expect((await readHistory(at('stopped', 'history.jsonl'))).length).toBeLessThan(900)
  })

  it('is put in order first: lines and a model beyond the checkpoint, a torn line, what a killed process left', async () => {
    copy('torn')
    const beyond = { step: 5, epoch: 1, valid: { loss: 1, accuracy: 0 } }
    appendFileSync(at('torn', 'history.jsonl'), `${JSON.stringify(beyond)}\n${JSON.stringify(beyond).slice(0, 20)}`)
    writeFileSync(at('torn', 'best.safetensors'), 'half')
    for (const name of ['checkpoint.12', 'run.json.345', 'history.jsonl.6', 'best.safetensors.789']) {
      writeFileSync(at('torn', name), 'half')
    }
    writeFileSync(at('torn', 'notes.txt.1'), 'mine')
    expect(await resume('torn')).toMatchObject({ code: 0 })
    rmSync(at('torn', 'notes.txt.1'))
    expect(contents('torn')).toEqual(contents('small'))
  })

  it.each([
    ['history', 'history.jsonl'],
    ['model', 'best.safetensors'],
  ])('needs no %s but the checkpoint', async (_, file) => {
    copy(`no ${file}`)
    rmSync(at(`no ${file}`, file))
    expect(await resume(`no ${file}`)).toMatchObject({ code: 0 })
    expect(contents(`no ${file}`)).toEqual(contents('small'))
  })

  it('without a first checkpoint starts over, and says so', async () => {
    copy('early')
    rmSync(at('early', 'checkpoint'))
    writeFileSync(at('early', 'run.json'), JSON.stringify({ ...record('early'), status: 'running', results: null }))
    const { code, stderr } = await resume('early')
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('so the run starts over\n') })
    expect(contents('early')).toEqual(contents('small'))
  })

  it('of a complete run is left alone', async () => {
    cpSync(at('small'), at('complete'), { recursive: true })
    writeFileSync(at('complete', 'checkpoint'), 'left behind')
    const before = record('complete')
    const { code, stdout } = await resume('complete')
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/this run is complete\n$/) })
    expect(contents('complete')).toEqual(contents('small'))
    const json = await resume('complete', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject(before)
    expect(record('complete')).toEqual(before)
  })

  /** What is refused leaves everything as it was. */
  const refused = async (name: string, code: number, message: string | RegExp, env = {}, ...flags: string[]) => {
    const before = { ...contents(name), record: read(name, 'run.json').toString() }
    const outcome = await command(['train', '--resume', at(name), ...flags], { env })
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) })
    expect(outcome.stderr).toMatch(/error \[\w+\]: .+\n$/)
    expect({ ...contents(name), record: read(name, 'run.json').toString() }).toEqual(before)
  }

  it('with a damaged, cut, foreign or missing checkpoint is refused', async () => {
    const file = at(copy('damaged'), 'checkpoint')
    const bytes = read('damaged', 'checkpoint')
    bytes[bytes.length - 9] ^= 4
    writeFileSync(file, bytes)
    await refused('damaged', 1, /error \[INVALID_FILE\]: .*damaged.checkpoint: damaged: .*; overwrite begins a new run/)
    writeFileSync(file, bytes.subarray(0, 100))
    await refused('damaged', 1, /error \[INVALID_FILE\]: .*checkpoint at byte 100: truncated/)
    writeFileSync(file, read('damaged', 'best.safetensors'))
    await refused('damaged', 1, /error \[INVALID_FILE\]: .*checkpoint: not a checkpoint/)
    rmSync(file)
    await refused('damaged', 1, /error \[INVALID_FILE\]: .*checkpoint: missing, although run\.json says .* at step \d+/)
  })

  it('is refused with other data, and taken with the same data elsewhere', async () => {
    const others = writeStripes(at('others'), 400, 100, (i) => (i + 1) % 10)
    await refused(
      copy('moved'),
      2,
      /error \[INVALID_ARGUMENT\]: data digest does not match: expected \w{64}, got /,
      {},
      '--data',
      others,
    )
    const fewer = writeStripes(at('fewer'), 390, 100)
    await refused('moved', 2, /data digest does not match/, {}, '--data', fewer)
    cpSync(stripes, at('elsewhere'), { recursive: true })
    expect(await resume('moved', '--data', at('elsewhere'))).toMatchObject({ code: 0 })
    expect(contents('moved')).toEqual(contents('small'))
  })

  it.runIf(status.available)('is refused in another numeric family', async () => {
    const message = /numeric family: the checkpoint was made with "native, contract \d", this run has "js, contract \d"/
    await refused(copy('family'), 2, message, { NATIVE_MLP_BACKEND: 'js' })
  })

  it('is refused with a configuration that was changed', async () => {
    copy('changed')
    const write = (change: object) => {
      const { config, ...other } = record('stopped')
      writeFileSync(at('changed', 'run.json'), JSON.stringify({ ...other, config: { ...config, ...change } }))
    }
    write({ learningRate: 0.5 })
    await refused('changed', 2, /optimizer\.learningRate: the checkpoint was made with 0\.2, this run has 0\.5/)
    write({ sampling: 'never' })
    await refused('changed', 1, /error \[INVALID_FILE\]: .*run\.json: config: sampling: /)
    write({ temperament: 0.9 })
    await refused('changed', 1, /run\.json: config: .*temperament/)
  })

  it('is refused together with flags of a run, and where there is no run', async () => {
    copy('flags')
    const message = /--resume: takes its options from run\.json; remove --no-figures, --seed/
    await refused('flags', 2, message, {}, '--seed', '2', '--no-figures')
    await refused('flags', 2, /; remove --out/, {}, '--out', at('flags'))
    await refused(
      'flags',
      2,
      /--checkpoint-every: expected a number of seconds, 0 or more/,
      {},
      '--checkpoint-every',
      'x',
    )
    const none = await resume('nowhere')
    expect(none).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--resume .*nowhere: holds no run; start it again with --out/),
    })
    expect(existsSync(at('nowhere'))).toBe(false)
    expect(await resume('stripes')).toMatchObject({ code: 2 })
    await fit(new MLP({ layers: [4, 3, 3] }), clusters(20), {
      optimizer: sgd({ learningRate: 0.1 }),
      folder: at('program'),
    })
    await refused('program', 1, /program.run\.json: no config: this run was not made by 'native-mlp train'/)
    expect(await command(['train', '--resume', ''])).toMatchObject({ code: 2 })
  })

  it('can be stopped again and again', async () => {
    copy('again')
    for (const step of [1999, 2999]) {
      const run = ['train', '--resume', at('again')]
      expect(await command(run, { onStderr: interruptAt(step) })).toMatchObject({ code: 130 })
    }
    expect(record('again').times.resumed).toHaveLength(2)
    expect(await resume('again')).toMatchObject({ code: 0 })
    expect(contents('again')).toEqual(contents('small'))
  })
})
