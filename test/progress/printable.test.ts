import { showSearchProgress } from 'native-mlp'
import { expect, it } from 'vitest'

it('a line of a search is shown without the control characters of what it quotes', () => {
  let shown = ''
  const progress = showSearchProgress({ stream: { write: (text: string) => (shown += text) } })
  progress.log('worker \u001b]0;title\u0007: \u009b2J \u202etxt')
  progress.stop()
  expect(shown).toBe('worker \\u001b]0;title\\u0007: \\u009b2J \\u202etxt\n')
})
