import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { showSearchProgress } from '../../src/progress/index.js'
import { SearchState } from '../../src/progress/search-state.js'
import { renderSearch } from '../../src/progress/search-table.js'
import { resultWords, stateWords } from '../../src/progress/search-words.js'
import { entryWords } from '../../src/progress/words.js'
import type { SearchCallbacks, StudyHeader, TrialEndEvent } from '../../src/search/study/study.js'
import type { TrialResult } from '../../src/search/trial/result.js'

const header = { size: 4, selectBy: 'valid', metric: 'accuracy' } as StudyHeader
const params = (learningRate: number) => ({ learningRate, hidden: 8 })
const entry = { step: 9, epoch: 0, valid: { loss: 0.3, accuracy: 0.9 }, test: { loss: 0.4, accuracy: 0.85 } }

function ended(trial: number, changes: Partial<TrialResult>, isBest = false, isEarlier = false): TrialEndEvent {
  const result = { trial, params: params(trial), state: 'completed', ...changes } as TrialResult
  return { result, isBest, model: null, finished: 0, weight: 0.25, isEarlier }
}

/** Four trials of equal weight: one completed, one collapsed, one failed, one half done. */
function play(callbacks: SearchCallbacks): void {
  callbacks.onStart?.(header)
  for (const trial of [0, 1, 2, 3]) {
    callbacks.onTrialStart?.({ trial, params: params(trial), fold: 0, worker: 0, weight: 0.25 })
  }
  callbacks.onTrialEnd?.(ended(1, { valid: entry.valid, test: entry.test, timing: { total: 1.25 } as never }, true))
  const reason = 'collapsed: 99 % of hidden units are dead since step 120'
  callbacks.onTrialEnd?.(ended(0, { state: 'collapsed', reason, valid: { loss: 2.3, accuracy: 0.1135 } }))
  callbacks.onTrialEnd?.(ended(2, { state: 'failed', reason: 'NOT_FINITE: fit: the training loss is NaN at step 3' }))
  callbacks.onTrialProgress?.({ trial: 3, params: params(3), fold: 0, worker: 0, weight: 0.25, entry, share: 0.5 })
}

describe('SearchState', () => {
  it('counts what has finished and knows the time left from the work done', () => {
    let now = 1000
    const state = new SearchState(
      () => {},
      () => now,
    )
    play(state.callbacks)
    now += 14_000
    expect(state.counts).toEqual({ completed: 1, collapsed: 1, failed: 1, pruned: 0 })
    expect(state.secondsElapsed).toBe(14)
    // of the work, 1/4 is done in full, 1/8 in part; what the others were given up with was nothing
    expect(state.secondsLeft).toBeCloseTo((14 / 0.375) * 0.125, 9)
    expect(stateWords(state)).toBe('3 of 4 trials, 1 collapsed, 1 failed (NOT_FINITE); 14 s, 5 s left')
  })

  it('does not guess before anything is done', () => {
    const state = new SearchState(() => {})
    state.callbacks.onStart?.(header)
    expect(stateWords(state)).toBe('0 of 4 trials; 0 s')
  })
})

/** A state with a settable clock. */
function clocked(changes: Partial<StudyHeader> = {}) {
  let now = 0
  const state = new SearchState(
    () => {},
    () => now,
  )
  const on = state.callbacks as Required<SearchCallbacks>
  on.onStart({ ...header, ...changes })
  const about = (trial: number, weight = 0.25) => ({ trial, params: params(trial), fold: 0, worker: 0, weight })
  const at = (seconds: number) => {
    now = 1000 * seconds
  }
  return { state, on, about, at }
}

describe('a resumed study', () => {
  it('counts what was done before, but not towards the speed', () => {
    const { state, on, about, at } = clocked()
    on.onTrialEnd(ended(0, {}, true, true))
    on.onTrialEnd(ended(1, {}, false, true))
    expect(stateWords(state)).toBe('2 of 4 trials (2 before resuming); 0 s')
    on.onTrialStart(about(2))
    at(10)
    on.onTrialProgress({ ...about(2), entry, share: 0.5 })
    expect(state.secondsLeft).toBeNaN()
    at(20)
    on.onTrialProgress({ ...about(2), entry, share: 0.75 })
    // a sixteenth of the work in 20 s; a sixteenth and a quarter are left
    expect(state.secondsLeft).toBeCloseTo(20 + 80, 9)
    expect(stateWords(state)).toBe('2 of 4 trials (2 before resuming); 20 s, 1:40 left')
  })

  it('takes the share at which a trial continues from its start event', () => {
    const { state, on, about, at } = clocked()
    on.onTrialStart({ ...about(0), share: 0.6 } as never)
    expect(state.running.get(0)?.share).toBe(0.6)
    at(10)
    on.onTrialProgress({ ...about(0), entry, share: 0.8 })
    expect(state.secondsLeft).toBeCloseTo((10 / 0.05) * (0.05 + 0.75), 9)
  })

  it('keeps the share of a trial that another worker takes over', () => {
    const { state, on, about } = clocked()
    on.onTrialStart(about(0))
    on.onTrialProgress({ ...about(0), entry, share: 0.5 })
    on.onTrialStart({ ...about(0), worker: 'host:12/1' })
    expect(state.running.get(0)).toMatchObject({ share: 0.5, worker: 'host:12/1', entry })
  })

  it('has no time left when all trials finished before resuming', () => {
    const { state, on } = clocked({ size: 1 })
    on.onTrialEnd(ended(0, {}, true, true))
    expect(stateWords(state)).toBe('1 of 1 trials (1 before resuming); 0 s')
  })
})

describe('successive halving', () => {
  const halving = { minEpochs: 1, maxEpochs: 9, factor: 3 }
  const weight = 1 / 9

  it('expects only what survivors will train', () => {
    const { state, on, about, at } = clocked({ size: 9, halving })
    for (let trial = 0; trial < 9; trial++) on.onTrialStart(about(trial, weight))
    for (let trial = 0; trial < 9; trial++) {
      on.onTrialProgress({ ...about(trial, weight), entry, share: 1 / 9 })
      on.onTrialPause({ trial, rung: 0 })
    }
    at(9)
    // nine epochs in nine seconds; three trials will train two epochs more, one of them another six
    expect(state.secondsLeft).toBeCloseTo(12, 9)
    expect(stateWords(state)).toBe('0 of 9 trials, 9 waiting; 9 s, 12 s left')
    for (let trial = 3; trial < 9; trial++) on.onTrialEnd(ended(trial, { state: 'pruned', rung: 0, steps: 40 }))
    for (let trial = 0; trial < 3; trial++) on.onTrialStart(about(trial, weight))
    expect(state.secondsLeft).toBeCloseTo(12, 9)
    expect(stateWords(state)).toBe('6 of 9 trials, 6 pruned; 9 s, 12 s left')
  })

  it('is right from the first evaluation to the end', () => {
    const { state, on, about, at } = clocked({ size: 9, halving })
    on.onTrialStart(about(0, weight))
    on.onTrialProgress({ ...about(0, weight), entry, share: 1 / 9 })
    at(1)
    expect(state.secondsLeft).toBeCloseTo(20, 9)
    on.onTrialPause({ trial: 0, rung: 0 })
    expect(state.secondsLeft).toBeCloseTo(20, 9)
    on.onTrialStart(about(0, weight))
    on.onTrialProgress({ ...about(0, weight), entry, share: 2 / 9 })
    at(2)
    // of this trial a ninth is left, and one in three times six; of the others seven in 27
    expect(state.secondsLeft).toBeCloseTo(9 * (1 / 9 + 2 / 9 + 8 * (7 / 27)), 9)
  })

  it('shows what was pruned, where', () => {
    const { state, on } = clocked({ size: 9, halving })
    on.onTrialEnd(ended(4, { state: 'pruned', rung: 0, steps: 40, valid: entry.valid }))
    expect(renderSearch(state, 100).split('\n').at(-1)).toMatch(/^pruned +4 +4 +8 +90\.00 % +after rung 0, 40 steps$/)
  })
})

describe('the table', () => {
  const state = new SearchState(
    () => {},
    () => 0,
  )
  play(state.callbacks)

  it('shows the best, what runs and what has finished, with marks and reasons', () => {
    expect(renderSearch(state, 200).split('\n')).toEqual([
      '3 of 4 trials, 1 collapsed, 1 failed (NOT_FINITE); 0 s, 0 s left',
      expect.stringMatching(/^ +trial +learningRate +hidden +valid +test$/),
      expect.stringMatching(/^best +1 +1 +8 +90\.00 % +85\.00 %$/),
      expect.stringMatching(/^running +3 +3 +8 +90\.00 % +85\.00 % +█████░░░░░ 50 %$/),
      expect.stringMatching(/^failed +2 +2 +8 +NOT_FINITE: fit: the training loss is NaN at step 3$/),
      expect.stringMatching(/^collapsed +0 +0 +8 +11\.35 % +99 % of hidden units are dead since step 120$/),
      expect.stringMatching(/^completed +1 +1 +8 +90\.00 % +85\.00 % +1\.3 s$/),
    ])
  })

  it('shows the metric of the objective in columns of its own', () => {
    const state = new SearchState(() => {})
    state.callbacks.onStart?.({ ...header, metric: 'rocAuc' })
    const sets = { valid: { ...entry.valid, rocAuc: 0.9712 }, test: { ...entry.test, rocAuc: 0.9634 } }
    state.callbacks.onTrialStart?.({ trial: 1, params: params(1), fold: 0, worker: 0, weight: 0.25 })
    state.callbacks.onTrialEnd?.(ended(1, { ...sets, timing: { total: 1.25 } as never }, true))
    const [, head, best] = renderSearch(state, 120).split('\n')
    expect(
      head
        .split(/ {2,}/)
        .slice(-2)
        .map((title) => title.trim())
        .join(' '),
    ).toContain('valid ROC AUC test ROC AUC')
    expect(best).toMatch(/^best +1 +1 +8 +0\.9712 +0\.9634$/)
    const many = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`parameter${i}`, i]))
    const set = { ...entry, ...sets }
    state.callbacks.onTrialStart?.({ trial: 2, params: many, fold: 0, worker: 0, weight: 0.25 })
    state.callbacks.onTrialProgress?.({
      trial: 2,
      params: many,
      fold: 0,
      worker: 0,
      weight: 0.25,
      entry: set,
      share: 0.5,
    })
    for (const columns of [80, 100, 132, 200]) {
      const running = renderSearch(state, columns).split('\n')[3]
      expect(running, String(columns)).toMatch(/^running .*0\.9712 +0\.9634 +█████░░░░░ 50 %$/)
      expect(running.length).toBeLessThan(columns)
    }
    expect(resultWords(sets)).toBe('valid 90.00 % (ROC AUC 0.9712), test 85.00 % (ROC AUC 0.9634)')
    expect(entryWords({ ...entry, valid: sets.valid })).toContain('valid 90.00 % (loss 0.3000, ROC AUC 0.9712)')
  })

  it('shows who computes, the fold, drawn values with four digits, and what a trial does not have', () => {
    const { state: drawn, on, about } = clocked({ folds: 5 })
    const first = { learningRate: 0.00483726193712, depth: 1 }
    on.onTrialStart({ ...about(0), params: first, fold: 2, worker: 'host:4711/1' })
    on.onTrialStart({ ...about(1), params: { ...first, depth: 2, hidden2: 64 }, worker: 'thread 1' })
    const [, head, one, two] = renderSearch(drawn, 120).split('\n')
    expect(head).toMatch(/learningRate +depth +hidden2/)
    expect(one).toMatch(/0\.004837 +1 +– +░{10} 0 % {2}fold 3 of 5 {2}host:4711\/1$/)
    expect(two).toMatch(/0\.004837 +2 +64 +░{10} 0 % {2}fold 1 of 5 {2}thread 1$/)
  })

  it('leaves out parameters rather than results and progress', () => {
    const { state: wide, on, about } = clocked()
    const many = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`parameter${i}`, i]))
    on.onTrialStart({ ...about(0), params: many })
    on.onTrialProgress({ ...about(0), params: many, entry, share: 0.5 })
    for (const columns of [60, 80, 100, 132, 200]) {
      const [, head, row] = renderSearch(wide, columns).split('\n')
      expect(row).toMatch(/90\.00 % +85\.00 % +█████░░░░░ 50 %$/)
      expect(row.length).toBeLessThan(columns)
      expect(head.includes('…')).toBe(columns < 200)
      expect(head.includes('parameter0')).toBe(columns >= 80)
    }
  })

  it('fits a narrow terminal', () => {
    for (const line of renderSearch(state, 40).split('\n')) expect(line.length).toBeLessThan(40)
  })

  it('does not grow with the number of trials', () => {
    const many = new SearchState(() => {})
    many.callbacks.onStart?.({ ...header, size: 1000 })
    for (let trial = 0; trial < 100; trial++) {
      many.callbacks.onTrialStart?.({ trial, params: params(trial), fold: 0, worker: 0, weight: 0.001 })
    }
    for (let trial = 0; trial < 80; trial++) many.callbacks.onTrialEnd?.(ended(trial, { valid: entry.valid }))
    const lines = renderSearch(many, 80).split('\n')
    expect(lines.length).toBeLessThan(20)
    expect(lines.at(-1)).toBe('and 12 more running')
  })
})

describe('showSearchProgress', () => {
  function show(isTTY: boolean) {
    const stream = Object.assign(new PassThrough(), { isTTY, columns: 120, rows: 30 })
    const progress = showSearchProgress({ stream: stream as unknown as NodeJS.WriteStream })
    play(progress.callbacks)
    progress.log('a word')
    progress.stop()
    progress.stop()
    return String(stream.read())
  }

  it('writes a line for each finished trial where there is no terminal', () => {
    const left = '; 0 s(, 0 s left)?'
    expect(show(false).split('\n')).toEqual([
      expect.stringMatching(
        new RegExp(`^trial 1: learningRate 1, hidden 8: valid 90.00 %, test 85.00 %; 1 of 4 trials${left} \\*$`),
      ),
      expect.stringMatching(
        /^trial 0: .*: collapsed: 99 % of hidden units are dead since step 120; valid 11.35 %; 2 of 4/,
      ),
      expect.stringMatching(/^trial 2: .*: NOT_FINITE: fit: .*; 3 of 4 trials, 1 collapsed, 1 failed/),
      'a word',
      '',
    ])
  })

  it('writes one line for all that was done before a study was resumed', () => {
    const lines = (isNew: boolean) => {
      const stream = new PassThrough()
      const { callbacks, stop } = showSearchProgress({ stream: stream as unknown as NodeJS.WriteStream })
      callbacks.onStart?.(header)
      callbacks.onTrialEnd?.(ended(0, {}, false, true))
      callbacks.onTrialEnd?.(ended(1, { valid: entry.valid }, true, true))
      if (isNew) {
        callbacks.onTrialStart?.({ trial: 2, params: params(2), fold: 0, worker: 'thread 1', weight: 0.25 })
        callbacks.onTrialEnd?.(ended(2, { state: 'pruned', rung: 1, steps: 12, valid: entry.valid }))
      }
      stop()
      stop()
      return String(stream.read()).split('\n')
    }
    const resumed = 'resumed: 2 of 4 trials finished before; best trial 1: learningRate 1, hidden 8: valid 90.00 %'
    expect(lines(false)).toEqual([resumed, ''])
    expect(lines(true)).toEqual([
      resumed,
      expect.stringMatching(
        /^trial 2: .*: pruned after rung 1, 12 steps; valid 90\.00 %; 3 of 4 trials \(2 before resuming\), 1 pruned/,
      ),
      '',
    ])
  })

  it('draws the table over itself on a terminal', () => {
    const text = show(true)
    expect(text).toContain('\u001b[')
    expect(text).toContain('a word\n')
    expect(text.slice(text.lastIndexOf('a word'))).toContain('█████░░░░░')
  })
})
