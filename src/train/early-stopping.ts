import type { TrainingConfig } from './config.js'

/** Part of the training state. */
export interface PatienceState {
  /** score the next improvement is measured against; null before the first evaluation */
  reference: number | null
  /** evaluations since it was set */
  misses: number
}

/** Counts one more evaluation; true when patience has run out. */
export function isPatienceOver(
  state: PatienceState,
  current: number,
  { patience, minDelta }: Pick<TrainingConfig, 'patience' | 'minDelta'>,
): boolean {
  if (patience === null) return false
  if (state.reference === null || current > state.reference + minDelta) {
    state.reference = current
    state.misses = 0
    return false
  }
  state.misses++
  return state.misses >= patience
}
