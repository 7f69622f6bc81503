import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { showSearchProgress } from '../../src/progress/index.js'
import { SearchState } from '../../src/progress/search-state.js'
import { renderSearch } from '../../src/progress/search-table.js'
import { stateWords } from '../../src/progress/search-words.js'
import type { SearchCallbacks, StudyHeader, TrialEndEvent, TrialResult } from '../../src/search/study.js'

const header = { size: 4, selectBy: 'valid', metric: 'accuracy' } as StudyHeader
const params = (learningRate: number) => ({ learningRate, hidden: 8 })
const entry = { step: 9, epoch: 0, valid: { loss: 0.3, accuracy: 0.9 }, test: { loss: 0.4, accuracy: 0.85 } }

function ended(trial: number, changes: Partial<TrialResult>, isBest = false): TrialEndEvent {
  const result = { trial, params: params(trial), state: 'completed', ...changes } as TrialResult
  return { result, isBest, model: null, finished: 0, weight: 0.25, isEarlier: false }
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
    expect(state.secondsLeft).toBeCloseTo(2, 9)
    expect(stateWords(state)).toBe('3 of 4 trials, 1 collapsed, 1 failed; 14 s, 2 s left')
  })

  it('does not guess before anything is done', () => {
    const state = new SearchState(() => {})
    state.callbacks.onStart?.(header)
    expect(stateWords(state)).toBe('0 of 4 trials; 0 s')
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
      '3 of 4 trials, 1 collapsed, 1 failed; 0 s, 0 s left',
      expect.stringMatching(/^ +trial +learningRate +hidden +valid +test$/),
      expect.stringMatching(/^best +1 +1 +8 +90\.00 % +85\.00 %$/),
      expect.stringMatching(/^running +3 +3 +8 +90\.00 % +85\.00 % +█████░░░░░$/),
      expect.stringMatching(/^failed +2 +2 +8 +NOT_FINITE: fit: the training loss is NaN at step 3$/),
      expect.stringMatching(/^collapsed +0 +0 +8 +11\.35 % +99 % of hidden units are dead since step 120$/),
      expect.stringMatching(/^completed +1 +1 +8 +90\.00 % +85\.00 % +1\.3 s$/),
    ])
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
    progress.say('a word')
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

  it('draws the table over itself on a terminal', () => {
    const text = show(true)
    expect(text).toContain('\u001b[')
    expect(text).toContain('a word\n')
    expect(text.slice(text.lastIndexOf('a word'))).toContain('█████░░░░░')
  })
})
